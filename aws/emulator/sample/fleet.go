package sample

import (
	"strings"
	"time"
)

// backend is a bucket and how its clients lock.
type backend struct {
	name, region string
	created      time.Duration // age
	table        string        // lock table; "" without one
	lockfile     bool
	versioned    bool
	key          string // name of the key behind the bucket's default encryption; "" for SSE-S3
	oldKey       string // the one before
	tlsOnly      bool   // a policy refuses requests without TLS
	kept         bool   // logged, copied and cleared; its table cannot be deleted
	states       []state
	files        []file // objects that are no states
}

// state is one state with the history it is to have.
type state struct {
	key         string
	stack       stack
	versions    int
	first, last time.Duration // ages of the oldest and the newest version
	tool        tool
	revisions   []revision    // in place of a made-up history
	files       bool          // its runs use lock files, though those of the backend do not
	held        *held         // a lock on it now
	deleted     time.Duration // age of its deletion; 0 for a state that lives
	kmsKey      string        // name of the key that its backend block names; "" leaves it to the bucket's default
}

// file is an object of a state bucket that is no state.
type file struct {
	key, contentType, text string
	age                    time.Duration
}

// names are the variables that hold for the whole state.
func (s state) names(b backend) map[string]string {
	env, key := "main", s.key
	if rest, ok := strings.CutPrefix(key, "env:/"); ok {
		env, key, _ = strings.Cut(rest, "/")
	}
	words := strings.Split(strings.TrimSuffix(strings.TrimSuffix(key, ".tfstate"), "/terraform"), "/")
	return map[string]string{"account": "123456789012", "region": b.region, "env": env, "stack": strings.Join(append(words, env), "-"), "manifest": manifest()}
}

// fleet is the five backends.
func fleet() []backend { return []backend{healthy(), stale(), live(), overwritten(), legacy()} }

const (
	hour = time.Hour
	tf   = "/terraform.tfstate"
)

// emptyState is a copy that somebody left behind.
const emptyState = `{"version": 4, "terraform_version": "1.9.8", "serial": 3, "lineage": "copy", "outputs": {}, "resources": [], "check_results": null}`

// in is the key of a state in a workspace.
func in(workspace, key string) string { return "env:/" + workspace + "/" + key + tf }

// healthy is what a backend should be. Somebody works there, and shows it.
func healthy() backend {
	b := backend{name: "acme-tfstate-prod", region: "us-east-1", created: 900 * day,
		table: "acme-locks", lockfile: true, versioned: true, key: mainKey, tlsOnly: true, kept: true}
	grace := &held{age: 4*time.Minute + 40*time.Second, id: "0b7f6e52-94c1-4a3d-8d15-3f6a2c7e9b01", who: "grace@workstation"}
	b.states = []state{
		{key: "app/checkout" + tf, stack: storing(), versions: 14, first: 58 * day, last: 3 * day},
		{key: in("staging", "app/checkout"), stack: storing(), versions: 22, first: 57 * day, last: 9 * hour},
		{key: in("prod", "app/checkout"), stack: storing(), versions: 18, first: 56 * day, last: 4*time.Minute + 5*time.Second, held: grace},
		{key: "app/search" + tf, stack: worker(), versions: 9, first: 50 * day, last: 11 * day},
		{key: in("staging", "app/search"), stack: worker(), versions: 12, first: 49 * day, last: 30 * hour},
		{key: in("prod", "app/search"), stack: worker(), versions: 10, first: 48 * day, last: 2 * day},
		{key: "app/web" + tf, stack: service(), versions: 11, first: 59 * day, last: 8 * day},
		{key: in("staging", "app/web"), stack: service(), versions: 26, first: 58 * day, last: 6 * hour},
		{key: in("prod", "app/web"), stack: service(), versions: 17, first: 57 * day, last: 26 * hour},
		{key: "observability/alerts" + tf, stack: alarms(), versions: 8, first: 40 * day, last: 5 * day, tool: openTofu},
		{key: "observability/grafana" + tf, stack: dashboards(), versions: 6, first: 35 * day, last: 7 * day, tool: openTofu},
		{key: "platform/dns" + tf, stack: zones("prod", "staging"), versions: 7, first: 52 * day, last: 12 * day},
		{key: "platform/eks" + tf, stack: cluster(), versions: 4, first: 33 * day, last: 10 * day},
		{key: "platform/iam" + tf, stack: roles(), versions: 5, first: 54 * day, last: 16 * day},
		{key: "platform/vpc" + tf, stack: network(4), versions: 6, first: 59 * day, last: 21 * day},
		{key: "security/guardduty" + tf, stack: detector(), versions: 3, first: 44 * day, last: 24 * day},
		{key: "security/vault" + tf, stack: plain("vault"), versions: 5, first: 30 * day, last: 4 * day, tool: encryptingTofu},
		{key: "shared/ecr" + tf, stack: registry(), versions: 4, first: 46 * day, last: 18 * day},
	}
	b.files = []file{
		{key: "README.md", contentType: "text/markdown", text: "# State of everything in production\n\nAsk #platform before you touch it.\n", age: 300 * day},
		{key: "platform/eks/terraform.tfstate.backup", contentType: "application/json", text: emptyState, age: 34 * day},
	}
	return b
}

// stale holds the lock of a CI job that was killed.
func stale() backend {
	b := backend{name: StaleBucket, region: "us-east-1", created: 700 * day, table: "acme-locks", versioned: true, key: mainKey, tlsOnly: true}
	killed := &held{age: 9*hour + 7*time.Minute, id: StaleLockID, who: "ci@runner-17"}
	for _, app := range []struct {
		name  string
		stack stack
		last  time.Duration
	}{
		{"payments/api", storing(), 27 * hour}, {"payments/ledger", storing(), 2 * day},
		{"payments/web", service(), 14 * hour}, {"payments/worker", worker(), 3*hour + 12*time.Minute},
	} {
		b.states = append(b.states,
			state{key: app.name + tf, stack: app.stack, versions: 12, first: 55 * day, last: app.last},
			state{key: in("staging", app.name), stack: app.stack, versions: 9, first: 54 * day, last: app.last + 5*hour},
			state{key: in("prod", app.name), stack: app.stack, versions: 7, first: 53 * day, last: app.last + 29*hour})
	}
	b.states[0].files, b.states[0].held = true, killed // by a job that was not moved to lock files yet
	b.states = append(b.states, state{key: in("pr-482", "payments/web"), stack: service(), versions: 4, first: 13 * day, last: 10 * day, deleted: 9 * day, kmsKey: previewKey})
	b.files = []file{{key: "artifacts/authorizer.zip", contentType: "application/zip", text: "PK\x05\x06" + strings.Repeat("\x00", 18), age: 60 * day}}
	return b
}

// live is where erin is at work, under a lock in both mechanisms, and where an
// old lock file says nothing.
func live() backend {
	b := backend{name: LiveBucket, region: "eu-west-1", created: 400 * day,
		table: "acme-locks-eu", lockfile: true, versioned: true, key: euKey}
	erin := &held{age: 2 * time.Minute, id: LiveLockID, who: "erin@mbp"}
	b.states = []state{
		{key: LiveKey, stack: network(48), versions: 21, first: 57 * day, last: 40 * time.Second, held: erin},
		{key: in("staging", "net/core"), stack: network(6), versions: 13, first: 55 * day, last: 33 * hour},
		{key: "net/dns" + tf, stack: zones("corp", "lab"), versions: 8, first: 50 * day, last: 6 * day},
		{key: in("staging", "net/dns"), stack: zones("lab"), versions: 5, first: 49 * day, last: 13 * day},
		{key: UnreadableKey, stack: network(3), versions: 10, first: 52 * day, last: 6*day + 2*hour, held: &held{age: 6 * day, text: "{}"}},
		{key: in("staging", "net/edge"), stack: network(2), versions: 6, first: 51 * day, last: 9 * day},
		{key: "net/firewall" + tf, stack: firewall(), versions: 5, first: 36 * day, last: 15 * day},
		{key: "net/transit" + tf, stack: transit(), versions: 4, first: 48 * day, last: 19 * day},
		{key: "net/vpn" + tf, stack: transit(), versions: 7, first: 47 * day, last: 5 * day},
	}
	return b
}

// overwritten lost most of a state 26 minutes ago.
func overwritten() backend {
	b := backend{name: OverwrittenBucket, region: "us-east-1", created: 500 * day,
		table: "acme-locks", lockfile: true, versioned: true, key: mainKey, oldKey: formerKey, tlsOnly: true}
	b.states = []state{
		{key: OverwrittenKey, stack: warehouse(), revisions: warehouseHistory()},
		{key: in("staging", "warehouse"), stack: buckets("lake", "scratch", "exports"), versions: 15, first: 56 * day, last: 31 * hour},
		{key: "lake" + tf, stack: buckets("raw", "curated", "exports", "audit"), versions: 11, first: 58 * day, last: 4 * day},
		{key: in("staging", "lake"), stack: buckets("raw", "curated"), versions: 7, first: 53 * day, last: 10 * day},
		{key: "ml/features" + tf, stack: features(), versions: 6, first: 38 * day, last: 6 * day},
		{key: "streams" + tf, stack: streams(), versions: 8, first: 51 * day, last: 3 * day},
	}
	b.files = []file{{key: "warehouse/queries/README.md", contentType: "text/markdown", text: "Queries of the warehouse team live in git now.\n", age: 45 * day}}
	return b
}

// legacy is a bucket from before anybody looked after such things.
func legacy() backend {
	return backend{
		name: "acme-legacy-state", region: "us-east-1", created: 1600 * day,
		states: []state{
			{key: "mail" + tf, stack: hosts("mail", 2), versions: 1, last: 230 * day, tool: oldTerraform},
			{key: "network" + tf, stack: network(1), versions: 1, last: 96 * day, tool: oldTerraform},
			{key: "terraform/state", stack: hosts("web", 3), versions: 1, last: 41 * day, tool: oldTerraform},
		},
		files: []file{{key: "network/terraform.tfstate.backup", contentType: "application/json", text: "{}\n", age: 97 * day}},
	}
}
