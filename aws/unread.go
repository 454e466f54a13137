package aws

import (
	"context"
	"errors"
	"slices"

	"github.com/stateward/stateward/model"
)

// The current version of a state may be barred from reading. Its listing still says
// which one it is, and that is what a write is conditional on.

// nameUnread makes what the listing tells of the current version the one to replace.
func (c *Client) nameUnread(ctx context.Context, f *model.RestoreFacts, history []model.Version, why error) {
	i := slices.IndexFunc(history, func(v model.Version) bool { return v.IsLatest })
	if i < 0 || history[i].DeleteMarker {
		f.CurrentErr = model.Reason(why)
		return
	}
	f.Current = c.unreadObject(ctx, f.Backend, f.Key, history[i], why)
}

func (c *Client) unreadObject(ctx context.Context, b model.Backend, key string, v model.Version, why error) *model.CurrentObject {
	stored, _ := c.versionEncryption(ctx, b, key, v.VersionID) // where that fails it is not known
	return &model.CurrentObject{VersionID: v.VersionID, ETag: v.ETag, LastModified: v.LastModified, Encryption: stored,
		KeyRefused: isKeyRefusal(why), Unread: orElse(c.barred(ctx, b, key, v.VersionID, stored, why), model.Reason(why))}
}

// currentOrUnread is currentObject, with what the listing tells in place of a
// version that is barred from reading.
func (c *Client) currentOrUnread(ctx context.Context, b model.Backend, key string) (*model.CurrentObject, error) {
	o, err := c.currentObject(ctx, b, key)
	if !isArchived(err) && !isKeyRefusal(err) {
		return o, err
	}
	v, listErr := c.latest(ctx, b, key)
	if listErr != nil || v.DeleteMarker {
		return nil, err
	}
	return c.unreadObject(ctx, b, key, v, err), nil
}

// latest is the newest entry of a history, as the listing tells it.
func (c *Client) latest(ctx context.Context, b model.Backend, key string) (model.Version, error) {
	for page, err := range c.Versions(ctx, b, key) {
		if err != nil {
			return model.Version{}, err
		}
		if i := slices.IndexFunc(page, func(v model.Version) bool { return v.IsLatest }); i >= 0 {
			return page[i], nil
		}
	}
	return model.Version{}, &model.Failure{Kind: model.ErrNotFound, Tried: "listing the versions", On: b.URL(key), Cause: errors.New("none is the latest")}
}

// headNow is which version is current. Where its headers are barred as well, the
// listing tells.
func (c *Client) headNow(ctx context.Context, b model.Backend, key string) (*object, error) {
	o, err := c.headState(ctx, b, key)
	if !errors.Is(err, model.ErrDenied) && !errors.Is(err, model.ErrInvalid) { // a bare 400 or 403
		return o, err
	}
	v, listErr := c.latest(ctx, b, key)
	if listErr != nil || v.DeleteMarker {
		return nil, err
	}
	return &object{VersionID: v.VersionID, ETag: v.ETag, Size: v.Size}, nil
}
