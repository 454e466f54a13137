package aws_test

import (
	"bytes"
	"crypto/md5" //nolint:gosec // the header that S3 asks for
	"encoding/base64"
	"io"
	"strings"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stateward/stateward/aws"
	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/model"
)

const standardVariable = "AWS_SSE_CUSTOMER_KEY"

// customerKey is a key of SSE-C as it stands in a variable, and its MD5.
func customerKey() (encoded, sum string) {
	raw := []byte(strings.Repeat("k", 32))
	hash := md5.Sum(raw) //nolint:gosec // the header that S3 asks for
	return base64.StdEncoding.EncodeToString(raw), base64.StdEncoding.EncodeToString(hash[:])
}

// underCustomerKey has a write encrypted with the customer's key.
func underCustomerKey(in *s3.PutObjectInput) {
	key, sum := customerKey()
	in.SSECustomerAlgorithm, in.SSECustomerKey, in.SSECustomerKeyMD5 = sdk.String("AES256"), &key, &sum
}

// readUnderCustomerKey is the body of an object; it fails where the object is
// not under the customer's key.
func (l *special) readUnderCustomerKey(key string) []byte {
	l.t.Helper()
	encoded, sum := customerKey()
	out, err := l.s3.GetObject(l.t.Context(), &s3.GetObjectInput{Bucket: sdk.String(labBucket), Key: &key,
		SSECustomerAlgorithm: sdk.String("AES256"), SSECustomerKey: &encoded, SSECustomerKeyMD5: &sum})
	l.must(out, err)
	defer out.Body.Close()
	b, err := io.ReadAll(out.Body)
	l.must(b, err)
	return b
}

// keyed is a lab whose states are under a customer's key, without the key: its
// clients take their credentials and keys from the environment.
func keyed(t *testing.T, mechs ...model.Mechanism) (l *special, first string) {
	t.Helper()
	alone(t)
	envKeys(t)
	l = newSpecial(t, emulator.Options{}, mechs...)
	first = l.writeBytes(body(1, "one"), underCustomerKey)
	l.writeBytes(body(2, "two"), underCustomerKey)
	return l, first
}

func fromEnvironment(o *aws.Options) { o.Static = nil }

func TestARestoreKeepsTheCustomersKey(t *testing.T) {
	yes := true
	for name, c := range map[string]struct {
		variable string
		write    model.WriteSettings
		deleted  bool
	}{
		"from the standard variable, without configuration": {variable: standardVariable},
		"from the variable that the config names": {variable: "TEAM_KEY",
			write: model.WriteSettings{FromConfiguration: true, Encrypt: &yes, SSECustomerKeyEnv: "TEAM_KEY"}},
		"from the variable that the config names and nothing else": {variable: "TEAM_KEY",
			write: model.WriteSettings{FromConfiguration: true, SSECustomerKeyEnv: "TEAM_KEY"}},
		"where the backend block has the key only in its environment": {variable: standardVariable,
			write: model.WriteSettings{FromConfiguration: true, Encrypt: &yes}},
		"of a deleted state": {variable: standardVariable, deleted: true},
		"of a deleted state, with a backend block": {variable: standardVariable, deleted: true,
			write: model.WriteSettings{FromConfiguration: true, Encrypt: &yes}},
	} {
		t.Run(name, func(t *testing.T) {
			l, first := keyed(t, model.MechanismLockfile, model.MechanismDynamoDB)
			if c.deleted {
				l.remove(labKey)
			}
			encoded, _ := customerKey()
			t.Setenv(c.variable, encoded)
			client := l.client(fromEnvironment)
			b := l.backend()
			b.Write = c.write
			p, err := client.PlanRestore(t.Context(), b, labKey, model.RestoreRequest{VersionID: first})
			l.must(p, err)
			l.server.ResetLog()
			res := l.runs(client, p, model.OutcomeDone)
			want := body(3, "one")
			if got := l.readUnderCustomerKey(labKey); !bytes.Equal(got, want) {
				t.Errorf("state %s", got)
			}
			if got := l.attribute(model.DigestID(labBucket, labKey), "Digest"); got != model.DigestOf(want) {
				t.Errorf("digest %q", got)
			}
			for _, value := range l.written(labKey+".tflock", "X-Amz-Server-Side-Encryption-Customer-Algorithm") {
				if value != "AES256" {
					t.Error("the lock file was sent without the key")
				}
			}
			l.wantHeld("")
			wantNoSecret(t, l, res, encoded)
		})
	}
}

// wantNoSecret checks that a key is neither in the result nor in the journal.
func wantNoSecret(t *testing.T, l *special, res model.Result, secret string) {
	t.Helper()
	told := res.Message + strings.Join(res.Next.Texts(), "")
	for _, s := range res.Steps {
		told += s.Detail
	}
	for _, e := range l.journal.entries {
		told += strings.Join(e.Plan, "") + e.Message + strings.Join(e.Locks, "")
	}
	if strings.Contains(told, secret) {
		t.Error("the key is told")
	}
}

func TestWithoutTheCustomersKeyEverythingIsListedAndSaysWhatItCannotRead(t *testing.T) {
	for name, c := range map[string]struct{ named, reason string }{
		"and no variable is named":   {reason: "encrypted with a customer's key: set AWS_SSE_CUSTOMER_KEY"},
		"and the config names a var": {named: "TEAM_KEY", reason: "encrypted with a customer's key: set TEAM_KEY"},
	} {
		t.Run(name, func(t *testing.T) {
			l, first := keyed(t, model.MechanismLockfile, model.MechanismDynamoDB)
			l.put("other.tfstate", body(1, "other"))
			l.put(labKey+".tflock", []byte(lockRaw(staleID, "ci@runner-17")), underCustomerKey)
			client := l.client(fromEnvironment)
			b := l.backend()
			b.Write.SSECustomerKeyEnv = c.named
			for what, why := range l.unreadable(client, b, first) {
				if !strings.Contains(why, c.reason) {
					t.Errorf("%s: unknown because %q, want %q", what, why, c.reason)
				}
			}
			l.listsAll(client, b)
			if r := client.LocksOf(t.Context(), b, labKey); len(r.Locks) != 0 || len(r.Problems) != 1 || !strings.Contains(r.Problems[0], c.reason) {
				t.Errorf("locks %v, problems %v", describeAll(r), r.Problems)
			}
			p, err := client.PlanUnlock(t.Context(), b, labKey, model.UnlockRequest{LockID: staleID})
			l.must(p, err)
			l.refuses(client, p, c.reason)
			p, err = client.PlanRestore(t.Context(), b, labKey, model.RestoreRequest{VersionID: first})
			l.must(p, err)
			l.refuses(client, p, "the version cannot be read: "+c.reason)
			p, err = client.PlanRepair(t.Context(), b, labKey, model.RepairRequest{To: model.RepairToBytes})
			l.must(p, err)
			l.refuses(client, p, "nobody can tell which digest is right ("+c.reason+")")
		})
	}
}

// unreadable is why each fact is unknown that takes the bytes of the state.
func (l *special) unreadable(c *aws.Client, b model.Backend, version string) map[string]string {
	l.t.Helper()
	f := c.StateFacts(l.t.Context(), b, model.State{Bucket: labBucket, Key: labKey})
	v := c.VersionFacts(l.t.Context(), b, labKey, model.Version{VersionID: version})
	return map[string]string{"header": f.Header.Reason(), "resources": f.Resources.Reason(), "encryption": f.Encryption.Reason(),
		"digest": f.Digest.Reason(), "locked": f.Locked.Reason(), "header of a version": v.Header.Reason()}
}

// listsAll sees that what takes no bytes is read as ever.
func (l *special) listsAll(c *aws.Client, b model.Backend) {
	l.t.Helper()
	states, _, problems := allStates(l.t, c, b, model.StateQuery{Deleted: true})
	if len(states) != 2 || len(problems) > 0 {
		l.t.Errorf("%d states, problems %v", len(states), problems)
	}
	versions := 0
	for page, err := range c.Versions(l.t.Context(), b, labKey) {
		l.must(page, err)
		versions += len(page)
	}
	if versions != 2 {
		l.t.Errorf("%d versions", versions)
	}
	of := c.BackendFacts(l.t.Context(), b)
	if of.States.Or(0) != 2 || of.LockFiles.Or(0) != 1 || !of.Versioning.IsKnown() {
		l.t.Errorf("facts %+v", of)
	}
	if f := c.StateFacts(l.t.Context(), b, model.State{Bucket: labBucket, Key: "other.tfstate"}); !f.Header.IsKnown() {
		l.t.Errorf("a state without a key: %s", f.Header.Reason())
	}
}

func TestACurrentVersionUnderACustomersKeyIsNotReplacedUnseen(t *testing.T) {
	alone(t)
	envKeys(t)
	l := newSpecial(t, emulator.Options{}, model.MechanismDynamoDB)
	first := l.write(1, "one")
	l.writeBytes(body(2, "two"), underCustomerKey)
	c := l.client(fromEnvironment)
	l.refuses(c, l.planRestore(c, first), "the current version cannot be read (encrypted with a customer's key: set "+standardVariable)
}

func TestALockFileUnderACustomersKeyIsCleared(t *testing.T) {
	l, _ := keyed(t, model.MechanismLockfile)
	l.put(labKey+".tflock", []byte(lockRaw(staleID, "ci@runner-17")), underCustomerKey)
	encoded, _ := customerKey()
	t.Setenv(standardVariable, encoded)
	c := l.client(fromEnvironment)
	l.runs(c, l.planUnlock(c, staleID), model.OutcomeDone)
	l.wantHeld("")
}

func TestAKeyThatVanishesBetweenPlanAndWriteLeavesEverythingAsItWas(t *testing.T) {
	l, first := keyed(t, model.MechanismLockfile, model.MechanismDynamoDB)
	encoded, _ := customerKey()
	t.Setenv(standardVariable, encoded)
	c := l.client(fromEnvironment)
	p := l.planRestore(c, first)
	t.Setenv(standardVariable, "")
	l.server.ResetLog()
	res := c.Run(t.Context(), p, everyToken(p), nil)
	if res.Outcome != model.OutcomeFailed && res.Outcome != model.OutcomeRefused || len(l.changes()) > 0 {
		t.Errorf("outcome %s (%s), sent %v", res.Outcome, res.Message, l.changes())
	}
	if got := l.readUnderCustomerKey(labKey); !bytes.Equal(got, body(2, "two")) {
		t.Errorf("state %s", got)
	}
}
