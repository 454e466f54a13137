package aws_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stateward/stateward/internal/evidence"
	"github.com/stateward/stateward/model"
)

const (
	raceClients   = 6  // that lock, read, write and unlock as Terraform does
	raceOperators = 2  // that restore, unlock, repair and recover
	raceRounds    = 12 // of each client in one race
	raceThink     = 400
	raceSeconds   = 5 // STATEWARD_RACE_SECONDS says otherwise
)

// TestRaceRun lets clients and operators loose on one state, some of which die
// in the middle, race after race until the time is over, a third of it for each
// way of locking. When all have ended, operators clear up what the dead left behind, and
// a judge who knows the protocol and not the executor goes through the server's
// log. What an actor does follows from the seed; the order in which they get
// their turn does not.
func TestRaceRun(t *testing.T) {
	seconds := raceSetting(t, "STATEWARD_RACE_SECONDS", raceSeconds)
	if testing.Short() {
		seconds = 0 // one race each
	}
	first := raceSetting(t, "STATEWARD_RACE_SEED", 1)
	var count raceCount
	everyMechanism(t, func(t *testing.T, l *lab) {
		deadline := time.Now().Add(time.Duration(seconds) * time.Second / 3)
		for seed := first; seed == first || time.Now().Before(deadline); seed++ {
			t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) { newRace(t, uint64(seed), l.mechs, &count).run() })
		}
	})
	evidence.Tells(t, "race run: "+count.String())
	count.demandAll(t)
}

// raceSetting is a whole number from the environment.
func raceSetting(t *testing.T, name string, otherwise int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		t.Fatalf("%s: %q is no whole number", name, text)
	}
	return n
}

// raceCount counts what happened in all races.
type raceCount struct {
	races, requests, locks, writes, restores, unlocks, recoveries, repairs atomic.Int64
	deadClients, deadOperators, refusals, byHand, lost, double, other      atomic.Int64
}

func (c *raceCount) String() string {
	return fmt.Sprintf("%d locks, %d writes, %d restores, %d unlocks, %d lost updates, %d double holders"+
		" (%d races, %d requests; %d recoveries, %d more by hand, %d repairs, %d refusals; %d clients and %d operators died; %d other faults)",
		c.locks.Load(), c.writes.Load(), c.restores.Load(), c.unlocks.Load(), c.lost.Load(), c.double.Load(),
		c.races.Load(), c.requests.Load(), c.recoveries.Load(), c.byHand.Load(), c.repairs.Load(), c.refusals.Load(),
		c.deadClients.Load(), c.deadOperators.Load(), c.other.Load())
}

// demandAll: races in which something never happens prove nothing about it. A
// few may miss what is rare.
func (c *raceCount) demandAll(t *testing.T) {
	t.Helper()
	if c.races.Load() < 20 {
		return
	}
	for what, n := range map[string]*atomic.Int64{"lock": &c.locks, "write": &c.writes, "restore": &c.restores, "unlock": &c.unlocks,
		"recovery": &c.recoveries, "repair": &c.repairs, "refusal": &c.refusals, "dead client": &c.deadClients, "dead operator": &c.deadOperators} {
		if n.Load() == 0 {
			t.Errorf("not one %s in %d races", what, c.races.Load())
		}
	}
}

// race is one race: a state of its own, and all who want something of it.
type race struct {
	*lab
	t     *testing.T
	seed  uint64
	count *raceCount
	order *effects
	http  *awshttp.BuildableClient // of the clients

	mu      sync.Mutex
	alive   map[int]bool // by process id
	crashed []string     // lock IDs of clients that died
	told    map[string]model.Result
}

func newRace(t *testing.T, seed uint64, mechs []model.Mechanism, count *raceCount) *race {
	r := &race{lab: newLab(t, mechs...), t: t, seed: seed, count: count, order: newEffects(), http: awshttp.NewBuildableClient(),
		alive: map[int]bool{}, told: map[string]model.Result{}}
	r.server.ResetLog()
	r.server.OnRequest(r.order.hook)
	return r
}

// chance is an actor's own source of decisions.
func (r *race) chance(actor int) *rand.Rand { return rand.New(rand.NewPCG(r.seed, uint64(actor))) } //nolint:gosec // repeatable, not secret

func (r *race) run() {
	r.firstWrite()
	ended := make(chan struct{})
	var clients, operators sync.WaitGroup
	for i := 1; i <= raceClients; i++ {
		clients.Go(func() { r.work(i) })
	}
	for i := 1; i <= raceOperators; i++ {
		operators.Go(func() { r.operate(i, ended) })
	}
	clients.Wait()
	close(ended)
	operators.Wait()
	r.clearUp()
	r.server.OnRequest(nil)
	r.judge()
	if r.t.Failed() {
		r.t.Logf("again with: STATEWARD_RACE_SEED=%d STATEWARD_RACE_SECONDS=0 go test ./aws -run TestRaceRun", r.seed)
	}
}

func (r *race) judge() {
	events, err := r.order.events(r.server.Requests())
	if err != nil {
		r.t.Fatal(err)
	}
	j := newRaceJudge(r.mechs, r.told)
	j.hear(events)
	j.compare(r.end())
	for _, f := range j.faults {
		r.t.Error(f)
	}
	r.count.races.Add(1)
	r.count.requests.Add(int64(len(events)))
	r.count.locks.Add(int64(j.locks))
	r.count.writes.Add(int64(j.writes))
	r.count.lost.Add(int64(j.of(faultLostUpdate)))
	r.count.double.Add(int64(j.of(faultTwoHolders)))
	r.count.other.Add(int64(len(j.faults) - j.of(faultLostUpdate) - j.of(faultTwoHolders)))
}

// end is what is stored when all is over.
func (r *race) end() raceEnd {
	r.t.Helper()
	var end raceEnd
	end.versions, _ = r.history(labKey)
	files, markers := r.history(labKey + ".tflock")
	for _, b := range files {
		end.files = append(end.files, string(b))
	}
	end.markers = markers
	if r.uses(model.MechanismDynamoDB) {
		end.digest = r.attribute(model.DigestID(labBucket, labKey), "Digest")
	}
	for _, raw := range r.held() {
		if raw != "" {
			end.held = append(end.held, raw)
		}
	}
	return end
}

// history is every version of an object, oldest first, and its delete markers.
func (r *race) history(key string) (versions [][]byte, markers int) {
	r.t.Helper()
	pages := s3.NewListObjectVersionsPaginator(r.s3, &s3.ListObjectVersionsInput{Bucket: sdk.String(labBucket), Prefix: &key})
	for pages.HasMorePages() {
		page, err := pages.NextPage(r.t.Context())
		r.must(page, err)
		for _, v := range page.Versions {
			if *v.Key == key {
				versions = append(versions, r.read(key, *v.VersionId))
			}
		}
		for _, m := range page.DeleteMarkers {
			if *m.Key == key {
				markers++
			}
		}
	}
	slices.Reverse(versions)
	return versions, markers
}
