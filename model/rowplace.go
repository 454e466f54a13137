package model

import "strings"

// RowPlace takes a LockID, or what stands behind s3:// in the name of a state,
// apart into the bucket and the state's key: bucket + "/" + key is it again. A
// client may be configured with the ARN of an access point in place of a bucket,
// and some write s3:// before it: there the bucket is what they wrote. ok is
// false for what no client of ours can have written.
func RowPlace(lockID string) (bucket, key string, ok bool) {
	bucket, key, ok = cutBucket(lockID)
	return bucket, key, ok && key != "" && (IsBucketName(strings.TrimPrefix(bucket, scheme)) || IsAccessPoint(bucket))
}

const (
	scheme      = "s3://"
	accessPoint = "accesspoint/"
)

// cutBucket cuts behind the bucket, which may hold slashes itself.
func cutBucket(s string) (bucket, key string, ok bool) {
	from := 0
	switch i := strings.Index(s, accessPoint); {
	case strings.HasPrefix(s, "arn:") && i >= 0:
		from = i + len(accessPoint)
	case strings.HasPrefix(s, scheme):
		from = len(scheme)
	}
	at := strings.IndexByte(s[from:], '/')
	if at < 0 {
		return s, "", false
	}
	return s[:from+at], s[from+at+1:], true
}

// IsBucketName reports whether S3 ever allowed such a name of a bucket.
func IsBucketName(name string) bool {
	legal := func(c rune) bool {
		return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune(".-_", c)
	}
	return len(name) >= 3 && len(name) <= 255 && !strings.ContainsFunc(name, func(c rune) bool { return !legal(c) })
}

// IsAccessPoint reports whether a bucket is named by the ARN of an access point.
func IsAccessPoint(bucket string) bool {
	parts := strings.SplitN(bucket, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || !strings.HasPrefix(parts[2], "s3") {
		return false
	}
	_, name, found := strings.Cut(parts[5], "accesspoint")
	return found && len(name) > 1 && strings.ContainsRune("/:", rune(name[0]))
}

// AccessPointRegion is the region that the ARN of an access point names; "" for
// one of several regions.
func AccessPointRegion(arn string) string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 4 {
		return ""
	}
	return parts[3]
}
