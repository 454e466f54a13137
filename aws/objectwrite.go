package aws

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stateward/stateward/model"
)

// storeAs puts encryption, grants and tags on a write, as the clients of this
// backend or the object that is replaced have them.
func (c *Client) storeAs(in *s3.PutObjectInput, b model.Backend, w model.ObjectWrite) error {
	if w.ACL != "" {
		in.ACL = s3types.ObjectCannedACL(w.ACL)
	}
	in.GrantFullControl = nonEmpty(w.Grants.FullControl)
	in.GrantRead = nonEmpty(w.Grants.Read)
	in.GrantReadACP = nonEmpty(w.Grants.ReadACP)
	in.GrantWriteACP = nonEmpty(w.Grants.WriteACP)
	if len(w.Tags) > 0 {
		in.Tagging = sdk.String(tagging(w.Tags))
	}
	return c.encryptAs(in, b, w.Encryption)
}

func (c *Client) encryptAs(in *s3.PutObjectInput, b model.Backend, e model.Encryption) error {
	switch e.Algorithm {
	case "", "none":
	case "AES256":
		in.ServerSideEncryption = s3types.ServerSideEncryptionAes256
	case "aws:kms", "aws:kms:dsse":
		in.ServerSideEncryption = s3types.ServerSideEncryption(e.Algorithm)
		in.SSEKMSKeyId = nonEmpty(e.KMSKeyID)
		if e.BucketKey {
			in.BucketKeyEnabled = sdk.Bool(true)
		}
	case "SSE-C":
		return c.customerEncrypt(in, b)
	default:
		return &model.Failure{Kind: model.ErrUnsupported, Tried: "writing", On: "s3://" + b.Bucket,
			Cause: fmt.Errorf("encryption %q is not known to stateward", e.Algorithm)}
	}
	return nil
}

func (c *Client) customerEncrypt(in *s3.PutObjectInput, b model.Backend) error {
	key, ok, err := c.customerKey(b)
	if err != nil {
		return err
	}
	if !ok {
		return &model.Failure{Kind: model.ErrRefused, Tried: "writing", On: "s3://" + b.Bucket,
			Next: "The state is encrypted with a customer's key: set " + customerKeyVariable(b) + "."}
	}
	in.SSECustomerAlgorithm, in.SSECustomerKey, in.SSECustomerKeyMD5 = sdk.String("AES256"), sdk.String(key.encoded), sdk.String(key.md5)
	return nil
}

// tagging is the x-amz-tagging header: URL query form, in a stable order.
func tagging(tags map[string]string) string {
	pairs := make([]string, 0, len(tags))
	for k, v := range tags {
		pairs = append(pairs, url.QueryEscape(k)+"="+url.QueryEscape(v))
	}
	slices.Sort(pairs)
	return strings.Join(pairs, "&")
}

// readGrants reads the grants of an object that its owner alone does not have;
// of the current version for version "".
func (c *Client) readGrants(ctx context.Context, b model.Backend, key, version string) (model.Grants, error) {
	enforced, err := c.ownerEnforced(ctx, b)
	if err == nil && enforced {
		return model.Grants{}, nil
	}
	api, err := c.s3(ctx, b)
	if err != nil {
		return model.Grants{}, err
	}
	out, err := api.GetObjectAcl(ctx, &s3.GetObjectAclInput{Bucket: &b.Bucket, Key: &key, VersionId: nonEmpty(version)})
	if err != nil {
		return model.Grants{}, failure(err, "reading the ACL", b.URL(key), ofVersion(version, "s3:GetObjectAcl", "s3:GetObjectVersionAcl"))
	}
	return grantsOf(out), nil
}

// ownerEnforced reports whether the bucket ignores ACLs altogether; a write with
// foreign grants would be a 400 there.
func (c *Client) ownerEnforced(ctx context.Context, b model.Backend) (bool, error) {
	api, err := c.s3(ctx, b)
	if err != nil {
		return false, err
	}
	out, err := api.GetBucketOwnershipControls(ctx, &s3.GetBucketOwnershipControlsInput{Bucket: &b.Bucket})
	if err != nil {
		return false, failure(err, "reading the object ownership", "s3://"+b.Bucket, "s3:GetBucketOwnershipControls")
	}
	if out.OwnershipControls == nil {
		return false, nil
	}
	for _, rule := range out.OwnershipControls.Rules {
		if rule.ObjectOwnership == s3types.ObjectOwnershipBucketOwnerEnforced {
			return true, nil
		}
	}
	return false, nil
}

func grantsOf(out *s3.GetObjectAclOutput) model.Grants {
	by := map[s3types.Permission][]string{}
	foreign := false
	for _, g := range out.Grants {
		if g.Grantee == nil {
			continue
		}
		owner := out.Owner != nil && sdk.ToString(g.Grantee.ID) == sdk.ToString(out.Owner.ID)
		foreign = foreign || !owner
		by[g.Permission] = append(by[g.Permission], grantee(*g.Grantee))
	}
	if !foreign {
		return model.Grants{} // the default: the owner has full control
	}
	return model.Grants{
		FullControl: strings.Join(by[s3types.PermissionFullControl], ", "),
		Read:        strings.Join(by[s3types.PermissionRead], ", "),
		ReadACP:     strings.Join(by[s3types.PermissionReadAcp], ", "),
		WriteACP:    strings.Join(by[s3types.PermissionWriteAcp], ", "),
	}
}

func grantee(g s3types.Grantee) string {
	switch {
	case g.URI != nil:
		return `uri="` + *g.URI + `"`
	case g.EmailAddress != nil:
		return `emailAddress="` + *g.EmailAddress + `"`
	}
	return `id="` + sdk.ToString(g.ID) + `"`
}

// ofVersion is the action that reading takes, which is another one where a
// version is named.
func ofVersion(version, current, versioned string) string {
	if version == "" {
		return current
	}
	return versioned
}

// readTags reads the tags of an object; of the current version for version "".
func (c *Client) readTags(ctx context.Context, b model.Backend, key, version string) (map[string]string, error) {
	api, err := c.s3(ctx, b)
	if err != nil {
		return nil, err
	}
	out, err := api.GetObjectTagging(ctx, &s3.GetObjectTaggingInput{Bucket: &b.Bucket, Key: &key, VersionId: nonEmpty(version)})
	if err != nil {
		return nil, failure(err, "reading the tags", b.URL(key), ofVersion(version, "s3:GetObjectTagging", "s3:GetObjectVersionTagging"))
	}
	tags := make(map[string]string, len(out.TagSet))
	for _, t := range out.TagSet {
		tags[sdk.ToString(t.Key)] = sdk.ToString(t.Value)
	}
	return tags, nil
}

func nonEmpty(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
