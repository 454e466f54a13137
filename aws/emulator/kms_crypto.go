package emulator

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/json"
	"net/http"
)

func (k *kmsStore) cryptoOperations(ops map[string]operation) {
	ops["Encrypt"] = kmsOperation(k, k.encrypt)
	ops["Decrypt"] = kmsOperation(k, k.decrypt)
	ops["GenerateDataKey"] = kmsOperation(k, k.generateDataKey)
	ops["GenerateDataKeyWithoutPlaintext"] = kmsOperation(k, k.generateDataKey)
}

type cryptoInput struct {
	KeyId             string
	Plaintext         []byte
	CiphertextBlob    []byte
	EncryptionContext map[string]string
	KeySpec           string
	NumberOfBytes     int
}

// usableKey finds a key by any name that can encrypt now.
func (k *kmsStore) usableKey(c *call, name string) (*kmsKey, error) {
	key, err := k.find(k.region(c.region, c.Time), name, c.Time)
	if err != nil {
		return nil, err
	}
	if key.usage != "ENCRYPT_DECRYPT" || key.spec != symmetric {
		return nil, fail(http.StatusBadRequest, "InvalidKeyUsageException", "%s key usage is %s which is not valid for this operation.", key.arn, key.usage)
	}
	return key, key.usable()
}

func (k *kmsStore) encrypt(c *call, in *cryptoInput) (any, error) {
	key, err := k.usableKey(c, in.KeyId)
	if err != nil {
		return nil, err
	}
	blob, err := k.seal(key, in.Plaintext, in.EncryptionContext)
	if err != nil {
		return nil, err
	}
	return map[string]any{"CiphertextBlob": blob, "KeyId": key.arn, "EncryptionAlgorithm": symmetric}, nil
}

// decrypt finds the key in the blob; a key that the request names must be it.
func (k *kmsStore) decrypt(c *call, in *cryptoInput) (any, error) {
	invalid := fail(http.StatusBadRequest, "InvalidCiphertextException", "")
	id, sealed, ok := bytes.Cut(in.CiphertextBlob, []byte{0})
	if !ok {
		return nil, invalid
	}
	key, err := k.usableKey(c, string(id))
	if err != nil {
		return nil, err
	}
	if in.KeyId != "" {
		named, err := k.usableKey(c, in.KeyId)
		if err != nil {
			return nil, err
		}
		if named != key {
			return nil, fail(http.StatusBadRequest, "IncorrectKeyException", "The key ID in the request does not identify a CMK that can perform this operation.")
		}
	}
	plain, err := open(key, sealed, in.EncryptionContext)
	if err != nil {
		return nil, invalid
	}
	return map[string]any{"Plaintext": plain, "KeyId": key.arn, "EncryptionAlgorithm": symmetric}, nil
}

func (k *kmsStore) generateDataKey(c *call, in *cryptoInput) (any, error) {
	key, err := k.usableKey(c, in.KeyId)
	if err != nil {
		return nil, err
	}
	size := in.NumberOfBytes
	switch in.KeySpec {
	case "AES_256":
		size = 32
	case "AES_128":
		size = 16
	}
	if size < 1 || size > 1024 {
		return nil, validation("Please specify either number of bytes or key spec.")
	}
	data := k.ids.bytes(size)
	blob, err := k.seal(key, data, in.EncryptionContext)
	if err != nil {
		return nil, err
	}
	out := map[string]any{"CiphertextBlob": blob, "KeyId": key.arn}
	if c.Operation == "GenerateDataKey" {
		out["Plaintext"] = data
	}
	return out, nil
}

// gcm is the cipher of a key. Its secret is derived from the id: the emulator
// protects nothing, it only has to notice a wrong key or context.
func gcm(key *kmsKey) (cipher.AEAD, error) {
	block, err := aes.NewCipher(checksumSHA256.sum([]byte(key.id)))
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// contextBytes is the encryption context in one canonical form.
func contextBytes(context map[string]string) []byte {
	b, _ := json.Marshal(context) // strings always marshal; keys come out sorted
	return b
}

func (k *kmsStore) seal(key *kmsKey, plain []byte, context map[string]string) ([]byte, error) {
	aead, err := gcm(key)
	if err != nil {
		return nil, err
	}
	nonce := k.ids.bytes(aead.NonceSize())
	blob := append([]byte(key.id), 0)
	return aead.Seal(append(blob, nonce...), nonce, plain, contextBytes(context)), nil
}

func open(key *kmsKey, sealed []byte, context map[string]string) ([]byte, error) {
	aead, err := gcm(key)
	if err != nil {
		return nil, err
	}
	n := aead.NonceSize()
	if len(sealed) < n {
		return nil, validation("ciphertext too short")
	}
	return aead.Open(nil, sealed[:n], sealed[n:], contextBytes(context))
}
