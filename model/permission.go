package model

import (
	"slices"
	"strings"
)

// Permission is an IAM action that a call to AWS needs. The table of them,
// [Permissions], is the only place that says so: what a denial is called, what
// it leaves blank, the statement that would allow it and docs/iam.md are all
// read from it. The actions are those of the Service Authorization Reference.
type Permission struct {
	Call   string    // service and operation as the SDK names them: "s3 GetBucketEncryption"
	When   NeededIf  // for which of these calls
	Action string    // as IAM names it: "s3:GetEncryptionConfiguration"
	On     GrantedOn // the kind of resource that a policy names for it
	Use    PermissionUse
	Blanks string // what is unknown, or refused, without it
}

// NeededIf says which calls of an operation need a permission.
type NeededIf string

// The conditions under which a call needs a permission.
const (
	EachCall      NeededIf = ""
	OfCurrent     NeededIf = "without a version ID"
	OfVersion     NeededIf = "with a version ID"
	WithACL       NeededIf = "with an ACL or grants"
	WithTags      NeededIf = "with tags"
	WithCondition NeededIf = "with If-Match"
	UnderKMS      NeededIf = "of an object under a KMS key"
	OfUnnamed     NeededIf = "of tables that nothing names"
)

// GrantedOn is a kind of resource that a statement names.
type GrantedOn string

// The kinds of resources. OnAccount are actions for which IAM knows no
// narrower resource than "*".
const (
	OnBucket  GrantedOn = "bucket"
	OnObject  GrantedOn = "object"
	OnTable   GrantedOn = "table"
	OnTables  GrantedOn = "every table"
	OnKey     GrantedOn = "key"
	OnAccount GrantedOn = "*"
)

// PermissionUse is what an action is wanted for.
type PermissionUse string

// The uses of an action. A ToRepair action undoes our own delete marker on a store
// that ignores conditions; AWS heeds them, so no policy has it.
const (
	ToRead   PermissionUse = "read"
	ToChange PermissionUse = "change"
	ToRepair PermissionUse = "other stores only"
)

// Permissions is the whole table: a line for each action that an operation
// needs, and condition. A new call is a new line.
func Permissions() []Permission {
	return slices.Concat(bucketPermissions(), objectPermissions(), changePermissions(), tablePermissions(), keyPermissions(), accountPermissions())
}

func bucketPermissions() []Permission {
	return []Permission{
		{"s3 ListObjectsV2", EachCall, "s3:ListBucket", OnBucket, ToRead, "list of states; STATES, LAST WRITE, LOCKS"},
		{"s3 HeadBucket", EachCall, "s3:ListBucket", OnBucket, ToRead, "region of the bucket, where AWS keeps it to itself"},
		{"s3 ListObjectVersions", EachCall, "s3:ListBucketVersions", OnBucket, ToRead, "versions of a state; deleted states; past lock files; restore"},
		{"s3 GetBucketVersioning", EachCall, "s3:GetBucketVersioning", OnBucket, ToRead, "VERSIONING; restore"},
		{"s3 GetBucketEncryption", EachCall, "s3:GetEncryptionConfiguration", OnBucket, ToRead, "ENCRYPTION of a backend"},
		{"s3 GetBucketOwnershipControls", EachCall, "s3:GetBucketOwnershipControls", OnBucket, ToRead, "plan of a restore: are ACLs in use; health"},
		{"s3 GetBucketPolicy", EachCall, "s3:GetBucketPolicy", OnBucket, ToRead, "health: TLS only, grants to other accounts"},
		{"s3 GetBucketPolicyStatus", EachCall, "s3:GetBucketPolicyStatus", OnBucket, ToRead, "health: public by policy"},
		{"s3 GetBucketAcl", EachCall, "s3:GetBucketAcl", OnBucket, ToRead, "health: public by ACL"},
		{"s3 GetPublicAccessBlock", EachCall, "s3:GetBucketPublicAccessBlock", OnBucket, ToRead, "health: public access block of the bucket"},
		{"s3 GetBucketLogging", EachCall, "s3:GetBucketLogging", OnBucket, ToRead, "health: access logging"},
		{"s3 GetBucketLifecycleConfiguration", EachCall, "s3:GetLifecycleConfiguration", OnBucket, ToRead, "health: lifecycle rules"},
		{"s3 GetObjectLockConfiguration", EachCall, "s3:GetBucketObjectLockConfiguration", OnBucket, ToRead, "health: Object Lock"},
		{"s3 GetBucketReplication", EachCall, "s3:GetReplicationConfiguration", OnBucket, ToRead, "health: replication"},
		{"s3 ListMultipartUploads", EachCall, "s3:ListBucketMultipartUploads", OnBucket, ToRead, "health: incomplete uploads"},
	}
}

func objectPermissions() []Permission {
	return []Permission{
		{"s3 GetObject", OfCurrent, "s3:GetObject", OnObject, ToRead, "SERIAL, RES, ENC, LOCK, DIGEST; every plan"},
		{"s3 GetObject", OfVersion, "s3:GetObjectVersion", OnObject, ToRead, "SERIAL, RES, TOOL, ENC of versions; restore"},
		{"s3 GetObject", UnderKMS, "kms:Decrypt", OnKey, ToRead, "SERIAL, RES, DIGEST of states under this key; restore"},
		{"s3 HeadObject", OfCurrent, "s3:GetObject", OnObject, ToRead, "every plan"},
		{"s3 HeadObject", OfVersion, "s3:GetObjectVersion", OnObject, ToRead, "restore"},
		{"s3 GetObjectAcl", OfCurrent, "s3:GetObjectAcl", OnObject, ToRead, "plan of a restore: the ACL to keep"},
		{"s3 GetObjectAcl", OfVersion, "s3:GetObjectVersionAcl", OnObject, ToRead, "plan of a restore: the ACL to keep"},
		{"s3 GetObjectTagging", OfCurrent, "s3:GetObjectTagging", OnObject, ToRead, "plan of a restore: the tags to keep"},
		{"s3 GetObjectTagging", OfVersion, "s3:GetObjectVersionTagging", OnObject, ToRead, "plan of a restore: the tags to keep"},
	}
}

func changePermissions() []Permission {
	return []Permission{
		{"s3 PutObject", EachCall, "s3:PutObject", OnObject, ToChange, "restore: lock file and state"},
		{"s3 PutObject", WithCondition, "s3:GetObject", OnObject, ToChange, "every change"},
		{"s3 PutObject", WithACL, "s3:PutObjectAcl", OnObject, ToChange, "restore of a state that has an ACL"},
		{"s3 PutObject", WithTags, "s3:PutObjectTagging", OnObject, ToChange, "restore of a state that has tags"},
		{"s3 PutObject", UnderKMS, "kms:GenerateDataKey", OnKey, ToChange, "restore under this key"},
		{"s3 DeleteObject", OfCurrent, "s3:DeleteObject", OnObject, ToChange, "unlock, and release after a restore, of a lock file"},
		{"s3 DeleteObject", WithCondition, "s3:GetObject", OnObject, ToChange, "every change"},
		{"s3 DeleteObject", OfVersion, "s3:DeleteObjectVersion", OnObject, ToRepair, "unlock on a store that ignores conditions: its undo"},
		{"dynamodb PutItem", EachCall, "dynamodb:PutItem", OnTable, ToChange, "restore: lock row and digest; repair of a digest"},
		{"dynamodb DeleteItem", EachCall, "dynamodb:DeleteItem", OnTable, ToChange, "unlock, and release after a restore, of a lock row"},
	}
}

func tablePermissions() []Permission {
	return []Permission{
		{"dynamodb GetItem", EachCall, "dynamodb:GetItem", OnTable, ToRead, "LOCK, DIGEST; every plan"},
		{"dynamodb Scan", EachCall, "dynamodb:Scan", OnTable, ToRead, "locks and states that only a row names"},
		{"dynamodb DescribeTable", EachCall, "dynamodb:DescribeTable", OnTable, ToRead, "LOCK, DIGEST; which tables hold locks"},
		{"dynamodb DescribeContinuousBackups", EachCall, "dynamodb:DescribeContinuousBackups", OnTable, ToRead, "health: point-in-time recovery"},
		{"dynamodb DescribeTimeToLive", EachCall, "dynamodb:DescribeTimeToLive", OnTable, ToRead, "health: expiry of rows"},
	}
}

func keyPermissions() []Permission {
	return []Permission{
		{"kms DescribeKey", EachCall, "kms:DescribeKey", OnKey, ToRead, "keys: state of the key; restore under it"},
		{"kms GetKeyPolicy", EachCall, "kms:GetKeyPolicy", OnKey, ToRead, "keys: findings in the key's policy"},
		{"kms GetKeyRotationStatus", EachCall, "kms:GetKeyRotationStatus", OnKey, ToRead, "ROTATION of a key; ↻ of a backend's ENCRYPTION; health: key-rotation"},
		{"kms ListKeyRotations", EachCall, "kms:ListKeyRotations", OnKey, ToRead, "keys: past rotations"},
	}
}

func accountPermissions() []Permission {
	return []Permission{
		{"s3 ListBuckets", EachCall, "s3:ListAllMyBuckets", OnAccount, ToRead, "backends that nothing names"},
		{"dynamodb ListTables", EachCall, "dynamodb:ListTables", OnAccount, ToRead, "LOCK, DIGEST, where no lock table is named"},
		{"dynamodb DescribeTable", OfUnnamed, "dynamodb:DescribeTable", OnTables, ToRead, "which tables hold locks"},
		{"kms ListAliases", EachCall, "kms:ListAliases", OnAccount, ToRead, "keys: aliases"},
		{"s3control GetPublicAccessBlock", EachCall, "s3:GetAccountPublicAccessBlock", OnAccount, ToRead, "health: public access block of the account"},
		{"sts GetCallerIdentity", EachCall, "", OnAccount, ToRead, "the account in the first line; needs no permission"},
		{"sts AssumeRole", EachCall, "sts:AssumeRole", OnAccount, ToRead, "everything of a backend that names this role"},
	}
}

// NeededBy are the permissions of a call ("s3 GetObject"), in the table's order.
func NeededBy(call string) []Permission {
	return slices.DeleteFunc(Permissions(), func(p Permission) bool { return p.Call != call })
}

// KnownAction reports whether any call of ours needs the action.
func KnownAction(action string) bool {
	return action != "" && slices.ContainsFunc(Permissions(), func(p Permission) bool { return p.Action == action })
}

// Blanks is what is unknown or refused without the action, whichever call has
// noticed it: clauses set apart by "; ", the most important first. It is "" for an
// action that is not in the table.
func Blanks(action string) string {
	var clauses []string
	for _, p := range Permissions() {
		if p.Action != action {
			continue
		}
		for clause := range strings.SplitSeq(p.Blanks, "; ") {
			clauses = addNew(clauses, clause)
		}
	}
	return strings.Join(clauses, "; ")
}

func addNew[T comparable](list []T, v T) []T {
	if slices.Contains(list, v) {
		return list
	}
	return append(list, v)
}
