package aws_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/model"
)

// owns sets who owns the objects of the bucket, and so whether ACLs count.
func (l *special) owns(o s3types.ObjectOwnership) {
	l.t.Helper()
	l.must(l.s3.PutBucketOwnershipControls(l.t.Context(), &s3.PutBucketOwnershipControlsInput{Bucket: sdk.String(labBucket),
		OwnershipControls: &s3types.OwnershipControls{Rules: []s3types.OwnershipControlsRule{{ObjectOwnership: o}}}}))
}

// grants are the grants of an object, in a stable order.
func (l *special) grants(key string) []string {
	l.t.Helper()
	out, err := l.s3.GetObjectAcl(l.t.Context(), &s3.GetObjectAclInput{Bucket: sdk.String(labBucket), Key: &key})
	l.must(out, err)
	var all []string
	for _, g := range out.Grants {
		all = append(all, string(g.Permission)+" "+sdk.ToString(g.Grantee.ID)+sdk.ToString(g.Grantee.URI))
	}
	slices.Sort(all)
	return all
}

func (l *special) tags(key string) map[string]string {
	l.t.Helper()
	out, err := l.s3.GetObjectTagging(l.t.Context(), &s3.GetObjectTaggingInput{Bucket: sdk.String(labBucket), Key: &key})
	l.must(out, err)
	tags := map[string]string{}
	for _, t := range out.TagSet {
		tags[sdk.ToString(t.Key)] = sdk.ToString(t.Value)
	}
	return tags
}

func shared(acl s3types.ObjectCannedACL) func(*s3.PutObjectInput) {
	return func(in *s3.PutObjectInput) { in.ACL = acl }
}

func tagged(tags string) func(*s3.PutObjectInput) {
	return func(in *s3.PutObjectInput) { in.Tagging = &tags }
}

// TestTheGrantsOfTheStateAreKept runs on moto alone: the emulator knows no
// x-amz-grant headers.
func TestTheGrantsOfTheStateAreKept(t *testing.T) {
	for name, c := range map[string]struct {
		acl     s3types.ObjectCannedACL
		deleted bool
	}{
		"readable for every account":               {acl: s3types.ObjectCannedACLAuthenticatedRead},
		"readable for everybody":                   {acl: s3types.ObjectCannedACLPublicRead},
		"its owner's alone":                        {acl: s3types.ObjectCannedACLPrivate},
		"readable for every account, then deleted": {acl: s3types.ObjectCannedACLAuthenticatedRead, deleted: true},
	} {
		t.Run(name, func(t *testing.T) {
			onMoto(t, func(t *testing.T, l *special) {
				l.owns(s3types.ObjectOwnershipObjectWriter)
				first := l.writeBytes(body(1, "one"), shared(c.acl))
				l.writeBytes(body(2, "two"), shared(c.acl))
				want := l.grants(labKey)
				if c.deleted {
					l.remove(labKey)
				}
				client := l.client()
				l.runs(client, l.planRestore(client, first), model.OutcomeDone)
				l.wantState(body(3, "one"))
				if got := l.grants(labKey); !slices.Equal(got, want) {
					t.Errorf("grants %q, want %q", got, want)
				}
			}, model.MechanismLockfile, model.MechanismDynamoDB)
		})
	}
}

func TestTheACLOfTheConfigurationIsSent(t *testing.T) {
	onEachStore(t, func(t *testing.T, l *special) {
		l.owns(s3types.ObjectOwnershipObjectWriter)
		first := l.writeBytes(body(1, "one"))
		l.writeBytes(body(2, "two"), shared(s3types.ObjectCannedACLAuthenticatedRead))
		want := l.grants(labKey)
		l.writeBytes(body(3, "three"))
		b := l.backend()
		b.Write = model.WriteSettings{FromConfiguration: true, ACL: "authenticated-read"}
		c := l.client()
		p, err := c.PlanRestore(t.Context(), b, labKey, model.RestoreRequest{VersionID: first})
		l.must(p, err)
		l.runs(c, p, model.OutcomeDone)
		if got := l.grants(labKey); !slices.Equal(got, want) {
			t.Errorf("grants %q, want %q", got, want)
		}
	}, model.MechanismLockfile)
}

func TestNoACLIsSentWhereTheBucketsOwnerOwnsEverything(t *testing.T) {
	l := newSpecial(t, emulator.Options{}, model.MechanismLockfile, model.MechanismDynamoDB)
	l.owns(s3types.ObjectOwnershipObjectWriter)
	as := shared(s3types.ObjectCannedACLAuthenticatedRead)
	first := l.writeBytes(body(1, "one"), as)
	l.writeBytes(body(2, "two"), as) // a foreign grant that counts no more
	l.owns(s3types.ObjectOwnershipBucketOwnerEnforced)
	c := l.client()
	p := l.planRestore(c, first)
	l.server.ResetLog()
	l.runs(c, p, model.OutcomeDone)
	l.wantState(body(3, "one"))
	for _, r := range l.server.Requests() {
		for name := range r.Header {
			if name == "X-Amz-Acl" || strings.HasPrefix(name, "X-Amz-Grant-") {
				t.Errorf("%s was sent with %s", r.Operation, name)
			}
		}
	}
}

func TestTheTagsOfTheStateAreKept(t *testing.T) {
	const odd = "team=data&cost%20centre=12%2F7&path=a%3Db:c@d&empty=&plus=1%2B1"
	want := map[string]string{"team": "data", "cost centre": "12/7", "path": "a=b:c@d", "empty": "", "plus": "1+1"}
	for name, c := range map[string]struct {
		deleted bool
		write   model.WriteSettings
		want    map[string]string
	}{
		"of the current version":              {want: want},
		"of the version that comes back":      {deleted: true, want: want},
		"of the configuration, where it says": {write: model.WriteSettings{FromConfiguration: true, Tags: map[string]string{"team": "ops"}}, want: map[string]string{"team": "ops"}},
	} {
		t.Run(name, func(t *testing.T) {
			onEachStore(t, func(t *testing.T, l *special) {
				first := l.writeBytes(body(1, "one"), tagged(odd))
				l.writeBytes(body(2, "two"), tagged(odd))
				if c.deleted {
					l.remove(labKey)
				}
				b := l.backend()
				b.Write = c.write
				client := l.client()
				p, err := client.PlanRestore(t.Context(), b, labKey, model.RestoreRequest{VersionID: first})
				l.must(p, err)
				l.runs(client, p, model.OutcomeDone)
				if got := l.tags(labKey); !maps.Equal(got, c.want) {
					t.Errorf("tags %q, want %q", got, c.want)
				}
				for _, value := range l.written(labKey+".tflock", "X-Amz-Tagging") {
					if value != "" {
						t.Errorf("the lock file was tagged %q", value)
					}
				}
			}, model.MechanismLockfile)
		})
	}
}

func TestWhatCannotBeReadOfTheObjectIsInThePlan(t *testing.T) {
	for name, c := range map[string]struct {
		deny    []string
		deleted bool
		want    []string
	}{
		"its ACL":  {deny: []string{"s3:GetObjectAcl"}, want: []string{"Not read: ACL of the current version: AccessDenied s3:GetObjectAcl (the new version would not have them)"}},
		"its tags": {deny: []string{"s3:GetObjectTagging"}, want: []string{"Not read: tags of the current version: AccessDenied s3:GetObjectTagging (the new version would not have them)"}},
		"neither": {deny: []string{"s3:GetObjectAcl", "s3:GetObjectTagging"}, want: []string{
			"Not read: ACL of the current version: AccessDenied s3:GetObjectAcl", "Not read: tags of the current version: AccessDenied s3:GetObjectTagging"}},
		"neither, of a deleted state": {deleted: true, deny: []string{"s3:GetObjectVersionAcl", "s3:GetObjectVersionTagging"}, want: []string{
			"AccessDenied s3:GetObjectVersionAcl", "AccessDenied s3:GetObjectVersionTagging"}},
		"nothing of it": {},
	} {
		t.Run(name, func(t *testing.T) {
			l := newSpecial(t, emulator.Options{}, model.MechanismDynamoDB)
			l.owns(s3types.ObjectOwnershipObjectWriter)
			first := l.writeBytes(body(1, "one"), tagged("team=data"))
			l.writeBytes(body(2, "two"), tagged("team=data"))
			if c.deleted {
				l.remove(labKey)
			}
			l.server.Deny(c.deny...)
			client := l.client()
			p := l.planRestore(client, first)
			warnings := strings.Join(p.Warnings, "\n")
			for _, want := range c.want {
				if !strings.Contains(warnings, want) {
					t.Errorf("warnings %q, want %q", p.Warnings, want)
				}
			}
			if len(p.Warnings) != len(c.want) {
				t.Errorf("warnings %q", p.Warnings)
			}
			l.runs(client, p, model.OutcomeDone)
			l.wantState(body(3, "one"))
		})
	}
}

func TestAStoreWithoutACLsAndTagsNeedsNoWarning(t *testing.T) {
	l := newSpecial(t, emulator.Options{}, model.MechanismDynamoDB)
	first := l.write(1, "one")
	l.write(2, "two")
	l.server.OnRequest(func(r emulator.Request) *emulator.Fault {
		switch r.Operation {
		case "GetObjectAcl", "GetObjectTagging", "GetBucketOwnershipControls":
			return &emulator.Fault{Status: http.StatusNotImplemented, Code: "NotImplemented"}
		}
		return nil
	})
	c := l.client()
	p := l.planRestore(c, first)
	if len(p.Warnings) > 0 {
		t.Errorf("warnings %q", p.Warnings)
	}
	l.runs(c, p, model.OutcomeDone)
}

// retainByDefault locks every new version for a day.
func (l *special) retainByDefault(bucket string, mode s3types.ObjectLockRetentionMode) {
	l.t.Helper()
	l.must(l.s3.PutObjectLockConfiguration(l.t.Context(), &s3.PutObjectLockConfigurationInput{Bucket: &bucket,
		ObjectLockConfiguration: &s3types.ObjectLockConfiguration{ObjectLockEnabled: s3types.ObjectLockEnabledEnabled,
			Rule: &s3types.ObjectLockRule{DefaultRetention: &s3types.DefaultRetention{Mode: mode, Days: sdk.Int32(1)}}}}))
}

func TestWhereObjectsAreRetainedLocksAreClearedAndStatesRestored(t *testing.T) {
	for _, mode := range []s3types.ObjectLockRetentionMode{s3types.ObjectLockRetentionModeGovernance, s3types.ObjectLockRetentionModeCompliance} {
		t.Run(string(mode), func(t *testing.T) {
			onEachStore(t, func(t *testing.T, l *special) {
				l.retainByDefault(labBucket, mode)
				summed := func(in *s3.PutObjectInput) { in.ChecksumAlgorithm = s3types.ChecksumAlgorithmSha256 }
				first := l.writeBytes(body(1, "one"), summed)
				l.writeBytes(body(2, "two"), summed)
				l.put(labKey+".tflock", []byte(lockRaw(staleID, "ci@runner-17")), summed)
				c := l.client()
				l.runs(c, l.planUnlock(c, staleID), model.OutcomeDone)
				l.wantHeld("")
				if versions, markers := l.history(labKey + ".tflock"); versions != 1 || markers != 1 {
					t.Errorf("%d versions and %d markers of the lock file: it is retained", versions, markers)
				}
				l.runs(c, l.planRestore(c, first), model.OutcomeDone)
				l.wantState(body(3, "one"))
				l.wantHeld("")
				l.remove(labKey)
				l.runs(c, l.planRestore(c, first), model.OutcomeDone)
				l.wantState(body(4, "one"))
				if versions, _ := l.history(labKey); versions != 4 {
					t.Errorf("%d versions of the state", versions)
				}
			}, model.MechanismLockfile, model.MechanismDynamoDB)
		})
	}
}
