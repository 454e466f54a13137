package model

import "strings"

// Archive is where S3 has put a version that cannot be read at once.
type Archive struct {
	Class   string // GLACIER, DEEP_ARCHIVE; of intelligent tiering the tier: ARCHIVE_ACCESS; "" where nobody says
	Ongoing bool   // it is being brought back
}

// Why is why an archived version cannot be read, and with which command it can.
func (a Archive) Why(run Program, b Backend, region, key, versionID string) string {
	class := ""
	if a.Class != "" {
		class = " (" + a.Class + ")"
	}
	if a.Ongoing {
		return "it is archived" + class + " and being brought back: it can be read when that is done"
	}
	request := "Days=7"
	if strings.HasSuffix(a.Class, "_ACCESS") {
		request = "{}" // what comes back into intelligent tiering stays there
	}
	args := []string{"s3api", "restore-object", "--bucket", b.Bucket, "--key", key}
	if versionID != "" {
		args = append(args, "--version-id", versionID)
	}
	return "it is archived" + class + ": bring it back with " + run.AWS(b.Access, "s3", region, append(args, "--restore-request", request)...)
}

// OutOfService is why a KMS key in a state does not serve; "" where it does.
func OutOfService(key string, state KeyState) string {
	if state == KeyEnabled {
		return ""
	}
	return "KMS key " + key + " is " + string(state)
}
