package emulator

import (
	"net/http"
	"time"
)

// retention is an Object Lock on one version.
type retention struct {
	Mode            string // "GOVERNANCE" or "COMPLIANCE"
	RetainUntilDate time.Time
}

const (
	governance = "GOVERNANCE"
	compliance = "COMPLIANCE"
)

// locked reports whether the version must not be deleted. Delete markers and
// new versions over it are never refused.
func (v *version) locked(now time.Time, bypass bool) bool {
	if v.legalHold {
		return true
	}
	if v.retention == nil || !now.Before(v.retention.RetainUntilDate) {
		return false
	}
	return v.retention.Mode == compliance || !bypass
}

func (v *version) describeLock(resp *response) {
	if v.retention != nil {
		resp.set("X-Amz-Object-Lock-Mode", v.retention.Mode)
		resp.set("X-Amz-Object-Lock-Retain-Until-Date", v.retention.RetainUntilDate.UTC().Format(time.RFC3339))
	}
	if v.legalHold {
		resp.set("X-Amz-Object-Lock-Legal-Hold", "ON")
	}
}

func noLockOnBucket() *apiError {
	return fail(http.StatusBadRequest, "InvalidRequest", "Bucket is missing Object Lock Configuration")
}

// lockNew applies the request's lock headers, else the bucket's default
// retention, to a new version.
func (b *bucket) lockNew(c *call, v *version) error {
	mode, until := c.header("X-Amz-Object-Lock-Mode"), c.header("X-Amz-Object-Lock-Retain-Until-Date")
	hold := c.header("X-Amz-Object-Lock-Legal-Hold")
	doc := b.config["object-lock"]
	if doc == nil {
		if mode != "" || until != "" || hold != "" {
			return noLockOnBucket()
		}
		return nil
	}
	v.legalHold = hold == "ON"
	if mode == "" && until == "" {
		return v.lockByDefault(doc, c.Time)
	}
	date, err := time.Parse(time.RFC3339, until)
	if err != nil || mode != governance && mode != compliance {
		return invalidArgument("x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied")
	}
	if !date.After(c.Time) {
		return invalidArgument("The retain until date must be in the future!")
	}
	v.retention = &retention{mode, date}
	return nil
}

func (v *version) lockByDefault(doc []byte, now time.Time) error {
	var in struct {
		Rule struct {
			DefaultRetention struct {
				Mode        string
				Days, Years int
			}
		}
	}
	if err := readXML(doc, &in); err != nil {
		return err
	}
	if d := in.Rule.DefaultRetention; d.Mode != "" {
		v.retention = &retention{d.Mode, now.AddDate(d.Years, 0, d.Days)}
	}
	return nil
}

// putLockConfiguration also turns Object Lock on for an existing bucket, which
// S3 allows since 2023 where versioning is enabled.
func putLockConfiguration(b *bucket, c *call) (*response, error) {
	var in struct{ ObjectLockEnabled string }
	if err := readXML(c.body, &in); err != nil {
		return nil, err
	}
	if b.versioning != "Enabled" {
		return nil, fail(http.StatusConflict, "InvalidBucketState", "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration")
	}
	b.config["object-lock"] = c.body
	return newResponse(http.StatusOK), nil
}

func (s *s3Store) getRetention(b *bucket, _ *call, v *version) (*response, error) {
	if b.config["object-lock"] == nil {
		return nil, noLockOnBucket()
	}
	if v.retention == nil {
		return nil, noLockOnObject()
	}
	w := newXML("Retention")
	w.leaf("Mode", v.retention.Mode)
	w.date("RetainUntilDate", v.retention.RetainUntilDate)
	return w.answer("Retention"), nil
}

func noLockOnObject() *apiError {
	return fail(http.StatusNotFound, "NoSuchObjectLockConfiguration", "The specified object does not have a ObjectLock configuration")
}

// putRetention lengthens freely; shortening or removing needs the governance
// bypass and is impossible under compliance.
func (s *s3Store) putRetention(b *bucket, c *call, v *version) (*response, error) {
	if b.config["object-lock"] == nil {
		return nil, noLockOnBucket()
	}
	var in retention
	if err := readXML(c.body, &in); err != nil {
		return nil, err
	}
	held := &version{retention: v.retention}
	weaker := v.retention != nil && (in.RetainUntilDate.Before(v.retention.RetainUntilDate) || in.Mode != v.retention.Mode && in.Mode != compliance)
	if weaker && held.locked(c.Time, c.header("X-Amz-Bypass-Governance-Retention") == "true") {
		return nil, fail(http.StatusForbidden, "AccessDenied", "Access Denied because object protected by object lock.")
	}
	v.retention = &in
	if in.Mode == "" {
		v.retention = nil
	}
	return newResponse(http.StatusOK), nil
}

func (s *s3Store) getLegalHold(b *bucket, _ *call, v *version) (*response, error) {
	if b.config["object-lock"] == nil {
		return nil, noLockOnBucket()
	}
	w := newXML("LegalHold")
	w.leaf("Status", choose(v.legalHold, "ON", "OFF"))
	return w.answer("LegalHold"), nil
}

func (s *s3Store) putLegalHold(b *bucket, c *call, v *version) (*response, error) {
	if b.config["object-lock"] == nil {
		return nil, noLockOnBucket()
	}
	var in struct{ Status string }
	if err := readXML(c.body, &in); err != nil {
		return nil, err
	}
	v.legalHold = in.Status == "ON"
	return newResponse(http.StatusOK), nil
}
