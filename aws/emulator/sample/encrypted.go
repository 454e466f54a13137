package sample

import (
	"encoding/base64"
	"strings"
)

// version is the revision as the state's tool stores it.
func (d *document) version(rev revision) []byte {
	if d.tool == encryptingTofu {
		return encrypted(rev.serial, d.lineage)
	}
	return d.body(d.tool.version(rev.age), rev.serial, rev.count)
}

// encrypted has the shape of a state that OpenTofu encrypted with a pass phrase
// before it stored it. Where the ciphertext would be there is plain text.
func encrypted(serial uint64, lineage string) []byte {
	text := strings.Repeat("sample content of the demo, not a ciphertext. ", 40+int(serial%8))
	salt := base64.StdEncoding.EncodeToString([]byte("sample content, not a random salt"))
	meta := marshal(struct {
		Salt       string `json:"salt"`
		Iterations int    `json:"iterations"`
		Hash       string `json:"hash_function"`
		KeyLength  int    `json:"key_length"`
	}{salt, 600000, "sha512", 32})
	return marshal(struct {
		Serial  uint64            `json:"serial"`
		Lineage string            `json:"lineage"`
		Meta    map[string][]byte `json:"meta"`
		Data    []byte            `json:"encrypted_data"`
		Version string            `json:"encryption_version"`
	}{serial, lineage, map[string][]byte{"key_provider.pbkdf2.main": meta}, []byte(text), "v0"})
}
