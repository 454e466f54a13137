package aws_test

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stateward/stateward/aws"
	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/model"
)

// special is a lab on any server: what moto agrees on is not the emulator's
// invention. Its bucket is versioned.
type special struct {
	*lab
	url string
}

// onEachStore runs a test against the emulator and, where it is installed, moto.
func onEachStore(t *testing.T, f func(*testing.T, *special), mechs ...model.Mechanism) {
	t.Helper()
	t.Run("emulator", func(t *testing.T) { f(t, newSpecial(t, emulator.Options{}, mechs...)) })
	t.Run("moto", func(t *testing.T) { onMoto(t, f, mechs...) })
}

// onMoto runs a test against moto. Its lab has an idle emulator, whose log stays
// empty.
func onMoto(t *testing.T, f func(*testing.T, *special), mechs ...model.Mechanism) {
	t.Helper()
	url := moto.Fresh(t)
	l := &special{url: url, lab: &lab{t: t, server: emulator.New(emulator.Options{}), journal: &memoryJournal{}, backups: &memoryBackups{},
		mechs: mechs, s3: rawS3(url), ddb: rawDynamoDB(url)}}
	l.furnish()
	f(t, l)
}

// eachMechanism runs a test for each way that clients lock, and with both on
// each store.
func eachMechanism(t *testing.T, f func(*testing.T, *special)) {
	t.Helper()
	for _, m := range []model.Mechanism{model.MechanismDynamoDB, model.MechanismLockfile} {
		t.Run(string(m), func(t *testing.T) { f(t, newSpecial(t, emulator.Options{}, m)) })
	}
	t.Run("both", func(t *testing.T) { onEachStore(t, f, model.MechanismLockfile, model.MechanismDynamoDB) })
}

// newSpecial is a lab on an emulator with options.
func newSpecial(t *testing.T, o emulator.Options, mechs ...model.Mechanism) *special {
	t.Helper()
	server, err := emulator.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() }) // nothing depends on how it ends
	l := &special{url: server.URL(), lab: &lab{t: t, server: server, journal: &memoryJournal{}, backups: &memoryBackups{},
		mechs: mechs, s3: rawS3(server.URL()), ddb: rawDynamoDB(server.URL())}}
	l.furnish()
	return l
}

func (l *special) furnish() {
	l.t.Helper()
	l.must(l.s3.CreateBucket(l.t.Context(), &s3.CreateBucketInput{Bucket: sdk.String(labBucket)}))
	l.version(s3types.BucketVersioningStatusEnabled)
	l.must(l.ddb.CreateTable(l.t.Context(), &dynamodb.CreateTableInput{TableName: sdk.String(labTable), BillingMode: ddbtypes.BillingModePayPerRequest,
		KeySchema:            []ddbtypes.KeySchemaElement{{AttributeName: sdk.String("LockID"), KeyType: ddbtypes.KeyTypeHash}},
		AttributeDefinitions: []ddbtypes.AttributeDefinition{{AttributeName: sdk.String("LockID"), AttributeType: ddbtypes.ScalarAttributeTypeS}}}))
}

func (l *special) version(status s3types.BucketVersioningStatus) {
	l.t.Helper()
	l.must(l.s3.PutBucketVersioning(l.t.Context(), &s3.PutBucketVersioningInput{Bucket: sdk.String(labBucket),
		VersioningConfiguration: &s3types.VersioningConfiguration{Status: status}}))
}

// client is stateward's client of the store.
func (l *special) client(change ...func(*aws.Options)) *aws.Client {
	here := func(o *aws.Options) { o.EndpointURL = l.url }
	return l.lab.client(slices.Concat([]func(*aws.Options){here}, change)...)
}

// put writes an object as the clients do; change may adjust the request.
func (l *special) put(key string, content []byte, change ...func(*s3.PutObjectInput)) (versionID string) {
	l.t.Helper()
	in := &s3.PutObjectInput{Bucket: sdk.String(labBucket), Key: &key, Body: bytes.NewReader(content), ContentType: sdk.String("application/json")}
	for _, f := range change {
		f(in)
	}
	out, err := l.s3.PutObject(l.t.Context(), in)
	l.must(out, err)
	return sdk.ToString(out.VersionId)
}

func (l *special) remove(key string) {
	l.t.Helper()
	l.must(l.s3.DeleteObject(l.t.Context(), &s3.DeleteObjectInput{Bucket: sdk.String(labBucket), Key: &key}))
}

// row puts an item into the lock table; info nil leaves out the attribute.
func (l *special) row(info ddbtypes.AttributeValue) {
	l.t.Helper()
	item := map[string]ddbtypes.AttributeValue{"LockID": &ddbtypes.AttributeValueMemberS{Value: model.LockID(labBucket, labKey)}}
	if info != nil {
		item["Info"] = info
	}
	l.must(l.ddb.PutItem(l.t.Context(), &dynamodb.PutItemInput{TableName: sdk.String(labTable), Item: item}))
}

func (l *special) rowExists() bool {
	l.t.Helper()
	out, err := l.ddb.GetItem(l.t.Context(), &dynamodb.GetItemInput{TableName: sdk.String(labTable), ConsistentRead: sdk.Bool(true),
		Key: map[string]ddbtypes.AttributeValue{"LockID": &ddbtypes.AttributeValueMemberS{Value: model.LockID(labBucket, labKey)}}})
	l.must(out, err)
	return len(out.Item) > 0
}

// history is how many versions and delete markers a key has.
func (l *special) history(key string) (versions, markers int) {
	l.t.Helper()
	out, err := l.s3.ListObjectVersions(l.t.Context(), &s3.ListObjectVersionsInput{Bucket: sdk.String(labBucket), Prefix: &key})
	l.must(out, err)
	for _, v := range out.Versions {
		if sdk.ToString(v.Key) == key {
			versions++
		}
	}
	for _, m := range out.DeleteMarkers {
		if sdk.ToString(m.Key) == key {
			markers++
		}
	}
	return versions, markers
}

// runs runs a plan with all of its tokens.
func (l *special) runs(c *aws.Client, p *model.Plan, want model.Outcome) model.Result {
	l.t.Helper()
	res := c.Run(l.t.Context(), p, everyToken(p), nil)
	wantOutcome(l.t, res, want)
	return res
}

// refuses runs a plan that says no for a reason, and sees that nothing changes.
func (l *special) refuses(c *aws.Client, p *model.Plan, reason string) {
	l.t.Helper()
	l.server.ResetLog()
	res := l.runs(c, p, model.OutcomeRefused)
	if !strings.Contains(strings.Join(p.Refusals, "; "), reason) || !strings.Contains(res.Message, p.Refusals[0]) {
		l.t.Errorf("refusals %q, message %q, want %q", p.Refusals, res.Message, reason)
	}
	if got := l.changes(); len(got) > 0 {
		l.t.Errorf("sent %v", got)
	}
}

func lineageOf(t *testing.T, state []byte) string {
	t.Helper()
	h := model.ReadHeader(state, int64(len(state)))
	if h.Lineage == nil {
		t.Fatalf("no lineage in %q", state)
	}
	return *h.Lineage
}

func TestADeletedStateComesBackAsANewVersionOfTheSameLineage(t *testing.T) {
	eachMechanism(t, func(t *testing.T, l *special) {
		first := l.write(4, "four")
		l.remove(labKey)
		if l.uses(model.MechanismDynamoDB) {
			l.deleteRow(model.DigestID(labBucket, labKey)) // as workspace delete does
		}
		c := l.client()
		p := l.planRestore(c, first)
		l.runs(c, p, model.OutcomeDone)
		l.wantState(body(5, "four"))
		l.wantHeld("")
		if got, want := lineageOf(t, l.read(labKey, "")), lineageOf(t, body(4, "four")); got != want {
			t.Errorf("lineage %s, want %s", got, want)
		}
		if versions, markers := l.history(labKey); versions != 2 || markers != 1 {
			t.Errorf("%d versions and %d markers: the history was touched", versions, markers)
		}
		if len(l.backups.saved) != 0 || !strings.Contains(p.Undo.Text, "delete the state again") {
			t.Errorf("backups %q, undo %q", l.backups.saved, p.Undo)
		}
	})
}

func TestAWorkspaceThatIsGoneIsListedAndComesBack(t *testing.T) {
	onEachStore(t, func(t *testing.T, l *special) {
		const key = "env:/prod/" + labKey
		first := l.put(key, body(3, "prod"))
		l.write(1, "default")
		l.remove(key)
		c := l.client()
		found, _, problems := allStates(t, c, l.backend(), model.StateQuery{Deleted: true})
		i := slices.IndexFunc(found, func(s model.State) bool { return s.Key == key })
		if i < 0 || !found[i].Deleted || found[i].Workspace != "prod" || len(problems) > 0 {
			t.Fatalf("states %+v, problems %v", found, problems)
		}
		p, err := c.PlanRestore(t.Context(), l.backend(), key, model.RestoreRequest{VersionID: first})
		l.must(p, err)
		l.runs(c, p, model.OutcomeDone)
		if got := l.read(key, ""); !bytes.Equal(got, body(4, "prod")) {
			t.Errorf("state %s", got)
		}
		if got := l.attribute(model.DigestID(labBucket, key), "Digest"); got != model.DigestOf(body(4, "prod")) {
			t.Errorf("digest %q", got)
		}
		l.wantState(body(1, "default"))
	}, model.MechanismLockfile, model.MechanismDynamoDB)
}

func TestALockWhoseStateIsGoneIsCleared(t *testing.T) {
	eachMechanism(t, func(t *testing.T, l *special) {
		l.write(1, "one")
		l.lock(lockRaw(staleID, "ci@runner-17"))
		l.remove(labKey)
		c := l.client()
		r := c.LocksOf(t.Context(), l.backend(), labKey)
		for _, lock := range r.Locks {
			if !lock.Orphan.Or(false) {
				t.Errorf("%s: no orphan", lock.Where())
			}
		}
		l.runs(c, l.planUnlock(c, staleID), model.OutcomeDone)
		l.wantHeld("")
	})
}

func TestOfTwoHoldersOnlyTheOneThatIsNamedLosesItsLock(t *testing.T) {
	onEachStore(t, func(t *testing.T, l *special) {
		byFile, byRow := lockRaw("one", "ci@runner-17"), lockRaw("two", "erin@mbp")
		l.put(labKey+".tflock", []byte(byFile))
		l.row(&ddbtypes.AttributeValueMemberS{Value: byRow})
		c := l.client()
		both := l.planUnlock(c, "")
		if got := everyToken(both); !slices.Contains(got, "one") || !slices.Contains(got, "two") {
			t.Errorf("tokens %q: two holders are two confirmations", got)
		}
		for _, typed := range [][]string{{"one"}, {"two"}} {
			wantOutcome(t, c.Run(context.Background(), both, typed, nil), model.OutcomeRefused)
		}
		l.runs(c, l.planUnlock(c, "two"), model.OutcomeDone)
		held := l.held()
		if held[model.MechanismLockfile] != byFile || held[model.MechanismDynamoDB] != "" {
			t.Errorf("held %q", held)
		}
		l.runs(c, l.planUnlock(c, "one"), model.OutcomeDone)
		l.wantHeld("")
	}, model.MechanismLockfile, model.MechanismDynamoDB)
}

// faultBefore has something happen right before a request takes effect.
func faultBefore(f func()) func() *emulator.Fault {
	return func() *emulator.Fault { return &emulator.Fault{Before: f} }
}
