package aws

import (
	"context"
	"errors"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stateward/stateward/model"
)

// A version can be barred from whoever asks: its KMS key is out of service, or S3
// has archived it. A bare refusal to read it does not tell, so its headers and its
// key are asked.

// barred is why the content of a version cannot be had by anybody; "" where it
// can, or where that is not known. stored is how it is stored, where it was read,
// else readErr is why it was not.
func (c *Client) barred(ctx context.Context, b model.Backend, key, versionID string, stored model.Encryption, readErr error) string {
	switch {
	case readErr == nil:
		why, _ := c.keyBar(ctx, b, stored.KMSKeyID)
		return why
	case isArchived(readErr):
		region, _ := c.regionOf(ctx, b) // the command is without it then
		return c.archiveOf(ctx, b, key, versionID).Why(c.opts.Program, b, region, key, versionID)
	case !isKeyRefusal(readErr):
		return ""
	}
	stored, err := c.versionEncryption(ctx, b, key, versionID)
	if err == nil && stored.KMSKeyID != "" {
		if why, err := c.keyBar(ctx, b, stored.KMSKeyID); err == nil {
			return why
		}
	}
	return keyRefusal(readErr)
}

// keyBar is why a key does not serve, as KMS says. What KMS says is shared for
// some seconds, for a history has few keys and many versions.
func (c *Client) keyBar(ctx context.Context, b model.Backend, key string) (string, error) {
	if key == "" {
		return "", nil
	}
	state, err := c.keyStates.get(ctx, keyStateAt{c.bucketAt(b), key}, c.now(), func(ctx context.Context) (model.KeyState, error) {
		return c.keyState(ctx, b, key)
	})
	if err != nil {
		return "", err
	}
	return model.OutOfService(key, state), nil
}

// keyStateAt is a key as it is named in one bucket.
type keyStateAt struct {
	bucket bucketAt
	key    string
}

func isArchived(err error) bool {
	var f *model.Failure
	return errors.As(err, &f) && f.Code == "InvalidObjectState"
}

// isKeyRefusal reports whether it is the KMS key that kept a version from being
// read, or the right to use it.
func isKeyRefusal(err error) bool {
	var f *model.Failure
	if !errors.As(err, &f) || f.Kind != model.ErrDenied {
		return false
	}
	return strings.HasPrefix(f.Code, "KMS.") || strings.HasPrefix(f.Action, "kms:") || keyRefusal(err) != ""
}

// keyRefusal is what the code of a refusal says of a key that is not named.
func keyRefusal(err error) string {
	var f *model.Failure
	if !errors.As(err, &f) {
		return ""
	}
	switch strings.TrimPrefix(f.Code, "KMS.") {
	case "DisabledException":
		return "its KMS key is Disabled"
	case "NotFoundException":
		if f.Kind == model.ErrDenied { // else it is the object that is not found
			return "its KMS key is gone"
		}
	case "KMSInvalidStateException":
		return "its KMS key is in a state in which it does not decrypt (PendingDeletion, PendingImport)"
	case "KeyUnavailableException":
		return "its KMS key is Unavailable"
	}
	return ""
}

// archiveOf is where a version is archived. Its headers say; a listing knows the
// class but not the tiers of intelligent tiering, nor what is being brought back.
func (c *Client) archiveOf(ctx context.Context, b model.Backend, key, versionID string) model.Archive {
	out, err := c.head(ctx, b, key, versionID)
	if err != nil {
		return model.Archive{}
	}
	a := model.Archive{Class: orElse(string(out.ArchiveStatus), string(out.StorageClass))}
	a.Ongoing = strings.Contains(sdk.ToString(out.Restore), `ongoing-request="true"`)
	return a
}
