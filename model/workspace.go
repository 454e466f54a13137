package model

import (
	"path"
	"strings"
)

// DefaultWorkspace is the workspace whose state lies at the plain key.
const DefaultWorkspace = "default"

// Suffixes that tell what belongs to a state from the state itself.
const (
	lockSuffix   = ".tflock"
	digestSuffix = "-md5"
)

// StateKey is the key of a workspace's state, as the S3 backend of both tools
// builds it: key itself for the default workspace, prefix/workspace/key for the
// others. prefix is WorkspaceRule.KeyPrefix(), "env:" unless configured; with
// an explicit "" it is workspace/key.
func StateKey(prefix, workspace, key string) string {
	if workspace == DefaultWorkspace || workspace == "" {
		return key
	}
	return path.Join(prefix, workspace, key)
}

// Workspace takes a state's key apart where the workspace prefix is in it. ok is
// false when the key does not say: then it is a state of the default workspace,
// or prefix is "", under which "a/b" may be either (WorkspaceOf knows, given
// the configured key). baseKey is the key without its workspace.
func Workspace(stateKey, prefix string) (workspace, baseKey string, ok bool) {
	if prefix == "" {
		return DefaultWorkspace, stateKey, false
	}
	rest, found := strings.CutPrefix(stateKey, path.Clean(prefix)+"/")
	if !found {
		return DefaultWorkspace, stateKey, false
	}
	workspace, baseKey, _ = strings.Cut(rest, "/")
	if !isWorkspaceOf(stateKey, prefix, workspace, baseKey) {
		return DefaultWorkspace, stateKey, false
	}
	return workspace, baseKey, true
}

// WorkspaceOf is Workspace for when keys of backend configurations are known:
// a key counts as theirs only if it is exactly one of them or exactly
// prefix/<one segment>/<one of them>, as the tools list workspaces. ok is true
// when one of them matched, or when the prefix alone tells.
func WorkspaceOf(stateKey, prefix string, baseKeys ...string) (workspace, baseKey string, ok bool) {
	for _, base := range baseKeys {
		if stateKey == base {
			return DefaultWorkspace, base, true
		}
	}
	for _, base := range baseKeys {
		name, found := strings.CutSuffix(stateKey, "/"+base)
		if !found {
			continue
		}
		name = name[strings.LastIndexByte(name, '/')+1:]
		if isWorkspaceOf(stateKey, prefix, name, base) {
			return name, base, true
		}
	}
	return Workspace(stateKey, prefix)
}

// isWorkspaceOf checks a reading of a key by building the key again.
func isWorkspaceOf(stateKey, prefix, workspace, baseKey string) bool {
	return workspace != DefaultWorkspace && baseKey != "" &&
		validWorkspaceName(workspace) && StateKey(prefix, workspace, baseKey) == stateKey
}

// validWorkspaceName is the rule of both tools: a name that url.PathEscape
// leaves as it is.
func validWorkspaceName(name string) bool {
	for _, c := range []byte(name) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && !strings.ContainsRune("-_.~$&+=:@", rune(c)) {
			return false
		}
	}
	return name != ""
}

// LockKey is the key of a state's lock file.
func LockKey(stateKey string) string { return stateKey + lockSuffix }

// LockedKey is the key of the state that a lock file locks.
func LockedKey(lockKey string) (stateKey string, ok bool) {
	stateKey, ok = strings.CutSuffix(lockKey, lockSuffix)
	return stateKey, ok && stateKey != ""
}

// LockID is the LockID of a state's lock row.
func LockID(bucket, stateKey string) string { return bucket + "/" + stateKey }

// DigestID is the LockID of a state's digest row. It may equal the LockID of
// another state's lock row (of key + "-md5"): tell rows apart by attribute.
func DigestID(bucket, stateKey string) string { return LockID(bucket, stateKey) + digestSuffix }

// IsLockFile reports whether the key is that of a lock file, not of a state.
func IsLockFile(key string) bool { return strings.HasSuffix(key, lockSuffix) }

// IsBackup reports whether the key is that of a copy, not of a live state.
func IsBackup(key string) bool { return strings.HasSuffix(key, ".backup") }

// LooksLikeStateName reports whether the name alone says that a key is a state:
// it ends in ".tfstate", its last segment is "tfstate", "terraform.state" or
// "terraform-state", or it ends in "terraform/state" or "tfstate/state". A bare
// "state" says too little; LooksLikeState decides by content.
func LooksLikeStateName(key string) bool {
	if IsLockFile(key) || IsBackup(key) {
		return false
	}
	dir, name := path.Split(key)
	switch name {
	case "tfstate", "terraform.state", "terraform-state":
		return true
	case "state":
		parent := path.Base(dir)
		return parent == "terraform" || parent == "tfstate"
	}
	return strings.HasSuffix(name, ".tfstate")
}

// LooksLikeState reports whether the first bytes (512 are enough) say that an
// object is a state: a JSON object with "version" as a number and one of
// "serial", "lineage" and "terraform_version", a state that OpenTofu encrypted,
// or a binary one. A damaged state still looks like one.
func LooksLikeState(prefix []byte) bool {
	h := ReadHeader(prefix, int64(len(prefix))+1) // whether it goes on does not matter here
	if h.Format == FormatV0 || h.Format == FormatEncrypted {
		return true
	}
	return h.Version > 0 && (h.Serial != nil || h.Lineage != nil || h.TerraformVersion != nil)
}
