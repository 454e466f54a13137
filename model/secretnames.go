package model

import (
	"slices"
	"strings"
)

// IsSecretName reports whether a value of this name is a secret by custom: the
// name of an attribute, of an output, or of an environment variable.
//
// The name is taken apart into words (db_password, DB-PASSWORD, dbPassword),
// and its last one decides, so that token_ttl, password_version and
// secretsmanager_arn are none. Behind that word the form of the value may
// stand: private_key_pem, password_wo, token_base64, smtp_password_v4.
func IsSecretName(name string) bool { return isSecretName([]byte(name)) }

func isSecretName(name []byte) bool {
	var w word
	for {
		last, rest := lastWord(name)
		w.set(last)
		switch {
		case isSecretWord(w.text[:w.n]):
			return true
		case len(rest) == 0:
			return false
		case isForm(w.text[:w.n]):
			name = rest
			continue
		}
		before, _ := lastWord(rest)
		var b word
		b.set(before)
		return isSecretPair(w.text[:w.n], b.text[:b.n])
	}
}

// isSecretWord knows the words that say by themselves that a value is secret.
func isSecretWord(word []byte) bool {
	switch string(word) {
	case "password", "passwords", "passwd", "passphrase", "pwd", "passcode",
		"secret", "secrets", "token", "tokens", "credential", "credentials", "authorization",
		"apikey", "privatekey", "secretkey", "accesskey", "sharedkey", "kubeconfig":
		return true
	}
	return false
}

// isSecretPair knows the pairs of words that do.
func isSecretPair(last, before []byte) bool {
	switch string(last) {
	case "key", "keys":
		return isSecretKey(before)
	case "string":
		return string(before) == "connection" || string(before) == "secret"
	case "data", "binary", "text", "value":
		return string(before) == "secret"
	case "config":
		return string(before) == "kube" || string(before) == "admin"
	}
	return false
}

// isSecretKey tells private_key and api_key from public_key and kms_key. An
// encryption_key is mostly the ARN of one.
func isSecretKey(kind []byte) bool {
	switch string(kind) {
	case "private", "secret", "api", "access", "account", "auth", "shared", "preshared",
		"client", "signing", "master", "host", "primary", "secondary":
		return true
	}
	return false
}

// isForm knows the words that say how a value is written.
func isForm(word []byte) bool {
	switch string(word) {
	case "pem", "pkcs8", "pkcs1", "openssh", "der", "jwk", "base64", "b64", "raw", "json", "plaintext", "plain", "wo", "hash", "encrypted",
		"v1", "v2", "v4", "1", "2", "old", "new", "current", "previous":
		return true
	}
	return false
}

// longestWord is longer than any word that is looked for.
const longestWord = 16

// word is a word in lower case; one too long to be looked for is empty.
type word struct {
	text [longestWord]byte
	n    int
}

func (w *word) set(text []byte) {
	w.n = 0
	if len(text) > longestWord {
		return
	}
	for _, c := range text {
		if isUpper(c) {
			c += 'a' - 'A'
		}
		w.text[w.n] = c
		w.n++
	}
}

// lastWord splits a name before its last word.
func lastWord(name []byte) (last, rest []byte) {
	name = trimBreaks(name)
	at := len(name)
	for at > 0 && !isWordBreak(name[at-1]) {
		at--
		if at > 0 && isUpper(name[at]) && !isUpper(name[at-1]) && !isWordBreak(name[at-1]) {
			break
		}
	}
	return name[at:], trimBreaks(name[:at])
}

func trimBreaks(name []byte) []byte {
	for len(name) > 0 && isWordBreak(name[len(name)-1]) {
		name = name[:len(name)-1]
	}
	return name
}

func isWordBreak(c byte) bool { return c == '_' || c == '-' || c == '.' || c == ' ' || c == '/' }
func isUpper(c byte) bool     { return c >= 'A' && c <= 'Z' }

// secretAttribute reports the attributes that hold a secret under a name that
// does not say so. Until 1.10 Terraform did not write into the state what a
// provider's schema says of them.
func secretAttribute(typ, name string) bool {
	switch {
	case typ == "random_password":
		return name == "result" || name == "bcrypt_hash"
	case typ == "aws_ssm_parameter" || strings.HasSuffix(typ, "_secret_version") || strings.HasSuffix(typ, "_key_vault_secret"):
		return name == "value" || name == "insecure_value"
	case strings.HasPrefix(typ, "kubernetes_secret") || strings.HasPrefix(typ, "vault_") && strings.HasSuffix(typ, "_secret"):
		return slices.Contains([]string{"data", "binary_data", "data_json", "string_data"}, name)
	case strings.HasPrefix(typ, "vault_kv_secret"):
		return name == "data" || name == "data_json"
	case typ == "random_bytes":
		return name == "base64" || name == "hex"
	case strings.HasPrefix(typ, "github_") && strings.HasSuffix(typ, "_secret"):
		return name == "plaintext_value" || name == "encrypted_value"
	case strings.HasSuffix(typ, "_secret_id"):
		return name == "secret_id"
	}
	return false
}
