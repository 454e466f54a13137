package aws

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/stateward/stateward/model"
)

// A restore rests on the bucket keeping what it replaces. Between the plan and
// the write somebody may suspend the versioning, so it is read again right before
// the write; what little time is left is looked at afterwards. And a version that
// was kept may go all the same: a lifecycle rule or a person removes it.

// verifyVersioning looks whether the bucket still keeps what is overwritten.
func (c *changer) verifyVersioning() error {
	if c.body == nil {
		return nil
	}
	status, err := c.c.versioning(c.ctx, c.plan.Backend)
	switch {
	case err != nil:
		return err
	case status != model.VersioningEnabled:
		return &foreignError{what: "versioning of the bucket " + status.Words() + " since it was looked at, so the write would destroy a version"}
	}
	return nil
}

// verifyKept looks whether what was replaced is still there. That it is not is no
// fault of what was written: it is told, and the way back is the backup.
func (c *changer) verifyKept(written string) error {
	if c.body == nil {
		return nil
	}
	if !keepsVersions(written) {
		status, err := c.c.versioning(c.ctx, c.plan.Backend)
		if err != nil {
			return err
		}
		c.unkept = status != model.VersioningEnabled
	}
	if c.current == nil {
		return nil
	}
	if c.current.Unread != "" {
		return nil // its headers may be barred as well, and there is no other way back to name
	}
	gone, err := c.c.versionGone(c.ctx, c.plan.Backend, c.plan.Key, *c.current)
	if err != nil {
		c.notes.add("Whether version " + c.current.VersionID + ", which was replaced, is still there could not be told: " + model.Reason(err) + ".")
	}
	c.gone, c.unlooked = gone, err != nil
	return nil
}

// versionGone reports whether a version is in the bucket no more. The id "null"
// names another version after each write in its place.
func (c *Client) versionGone(ctx context.Context, b model.Backend, key string, v model.CurrentState) (bool, error) {
	if v.VersionID == "" {
		return true, nil
	}
	now, err := c.headVersion(ctx, b, key, v.VersionID)
	switch {
	case errors.Is(err, model.ErrNotFound):
		return true, nil
	case err != nil:
		return false, err
	}
	return !keepsVersions(v.VersionID) && now.ETag != v.ETag, nil
}

// restored is how a restore ended that wrote all that it was to write.
func (c *changer) restored() model.Result {
	res := c.ended(model.OutcomeDone, nil)
	res.Message = fmt.Sprintf("restored the content of version %s as serial %d", c.record.From, c.record.Serial)
	res.Next = model.Hints{{Text: "Run a plan before the next apply: what was changed since that version is not in the state."}}
	res.Backup = c.backup
	if c.unkept {
		c.tellUnkept(&res)
	}
	switch {
	case c.current == nil:
	case c.current.Unread != "":
		res.Next = append(res.Next, model.Hint{Text: "What was replaced could not be read (" + c.current.Unread + ") and stays in the bucket as version " + c.current.VersionID + ". Once it can be read, it comes back with",
			Command: c.c.opts.Program.Restore(c.plan.URL(), c.current.VersionID)})
	case c.gone:
		res.Next = append(res.Next, c.wayBack())
	default:
		res.Undo = &model.Undo{VersionID: c.current.VersionID, Command: c.c.opts.Program.Restore(c.plan.URL(), c.current.VersionID)}
	}
	return res
}

// tellUnkept says what a write did to a bucket that did not keep versions any more.
func (c *changer) tellUnkept(res *model.Result) {
	lost := c.gone || c.current != nil && c.current.Unread != "" && !keepsVersions(c.current.VersionID)
	const suspended = "versioning of the bucket was suspended in the moment before the write"
	switch {
	case lost:
		res.Outcome = model.OutcomeFailed
		res.Message += "; but " + suspended + ": version " + c.current.VersionID + ", which it replaced, is destroyed"
	case c.hadNull:
		res.Outcome = model.OutcomeFailed
		res.Message += "; but " + suspended + ": the null version of the state, an older one, is destroyed, and there is no backup of it"
	case c.unlooked:
		res.Outcome = model.OutcomeFailed
		res.Message += "; but " + suspended + ", and whether version " + c.current.VersionID + ", which it replaced, is destroyed could not be told"
	default:
		res.Message += "; " + suspended + ", which destroyed nothing"
	}
	bucket := c.plan.Backend
	region, _ := c.c.regionOf(c.ctx, bucket) // the command is without it then
	res.Next = append(res.Next, model.Hint{Text: "The bucket keeps no versions now: before anything else is written, enable its versioning with",
		Command: c.c.opts.Program.AWS(bucket.Access, "s3", region, "s3api", "put-bucket-versioning", "--bucket", bucket.Bucket, "--versioning-configuration", "Status=Enabled")})
}

// wayBack is how what was replaced comes back where the bucket has it no more.
func (c *changer) wayBack() model.Hint {
	said := "Version " + c.current.VersionID + ", which was replaced, is not in the bucket any more (expired, or removed): no restore brings it back, "
	if c.backup == "" {
		return model.Hint{Text: said + "and there is no backup of it."}
	}
	return model.Hint{Text: said + "but its bytes are in the backup " + c.backup + ". In the working directory terraform state push -force takes that file."}
}

// knew reports whether an entry was in the history when the plan was made.
func (c *changer) knew(versionID string) bool { return slices.Contains(c.history, versionID) }
