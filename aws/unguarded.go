package aws

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/aws/smithy-go"
	"github.com/stateward/stateward/model"
)

// A store may refuse a condition although it holds: it knows no conditional
// writes (501, or a 400 that names the header), or takes a delete marker for an
// object (412 where nothing is). That is told apart from somebody else's change
// by looking. On such a store nothing can be changed under a condition; what is
// left is to compare, to change and to look at what the change lies upon, which
// is not atomic and asks for a word of its own.

// conditionError says that a change was refused for its condition, and that
// looking shows it to hold.
type conditionError struct {
	what  string
	store string // "" where there is no other way
	cause error
}

func (e *conditionError) Error() string {
	return fmt.Sprintf("%s: refused for its condition (%s), although looking shows that it holds: nobody changed anything, the store refuses it", e.what, refusalOf(e.cause))
}

func (e *conditionError) Unwrap() error { return e.cause }

// Is: nothing was changed, and it was not for want of trying.
func (e *conditionError) Is(target error) bool { return target == error(model.ErrRefused) }

// refusalOf is the service's own word for a refusal.
func refusalOf(err error) string {
	var f *model.Failure
	if errors.As(err, &f) && f.Code != "" {
		return f.Code
	}
	if status := httpStatus(err); status != 0 {
		return fmt.Sprintf("%d %s", status, http.StatusText(status))
	}
	return model.Reason(err)
}

// refusesCondition reports refusals of a change for its condition, when looking
// has shown that the condition holds.
func refusesCondition(err error) bool {
	gone := errors.Is(err, model.ErrNotFound) && !isNoBucket(err) && !isNoTable(err)
	return errors.Is(err, model.ErrChanged) || gone || httpStatus(err) == http.StatusNotModified || isNotImplemented(err) || namesCondition(err)
}

// isNotImplemented reports a store that knows no such header.
func isNotImplemented(err error) bool {
	var f *model.Failure
	return httpStatus(err) == http.StatusNotImplemented || errors.As(err, &f) && f.Code == "NotImplemented"
}

// isNoTable tells a missing table from a missing row, which is no error.
func isNoTable(err error) bool {
	var f *model.Failure
	return errors.As(err, &f) && f.Code == "ResourceNotFoundException"
}

// namesCondition reports a refusal of the request itself that names what makes it
// conditional.
func namesCondition(err error) bool {
	var api smithy.APIError
	if httpStatus(err) != http.StatusBadRequest || !errors.As(err, &api) || errors.Is(err, model.ErrChanged) {
		return false
	}
	said := strings.ToLower(api.ErrorMessage())
	for _, word := range []string{"if-match", "if-none-match", "ifmatch", "ifnonematch", "precondition", "conditional"} {
		if strings.Contains(said, word) {
			return true
		}
	}
	return false
}

// isKnownToRefuse spares the repetitions where the same store has refused before
// what holds, and the change may do without its condition.
func (c *Client) isKnownToRefuse(ctx context.Context, ch change, err error) bool {
	return ch.bare != nil && isUnguarded(ctx) && refusesCondition(err) && c.lax.of(ch.store) == refusesWhatHolds
}

// withoutCondition makes a change that the store refuses for its condition by
// comparing right before it, where the operator has allowed that.
func (c *Client) withoutCondition(ctx context.Context, ch change, refusal error) error {
	if ch.store != "" {
		c.lax.add(ch.store, refusesWhatHolds)
	}
	if ch.bare == nil || ch.store == "" || !isUnguarded(ctx) {
		return &conditionError{what: ch.what, store: ch.store, cause: refusal}
	}
	bare := ch.bare
	ch.bare = nil
	ch.send = func(ctx context.Context) error {
		if where, err := ch.look(ctx); err != nil || where != standsBefore {
			return errors.Join(errCompared, err)
		}
		return bare(ctx)
	}
	return c.settle(ctx, ch)
}

// errCompared says that nothing was sent: what stands there is looked at next.
var errCompared = errors.New("it was compared and not sent")

// isUnguarded reports whether the operator allowed changes without a condition.
func isUnguarded(ctx context.Context) bool {
	op, _ := ctx.Value(operationKey{}).(operation)
	return op.Unguarded
}

// offerUnguarded tells how to go on where a store refuses a condition that holds.
func (r *run) offerUnguarded(res *model.Result) {
	var refused *conditionError
	switch {
	case !errors.As(res.Err, &refused):
	case refused.store == "":
		res.Next = append(res.Next, model.Hint{Text: "Ask who runs the service: it refuses a condition that holds."})
	case res.Outcome == model.OutcomeInterrupted && len(res.Next) > 0:
		if res.Next[0].Command != "" { // it has the word already
			res.Next[0].Text = onlyUnguarded
		}
	default:
		again := r.program(res.Err).Command(r.anew(res.Outcome)...)
		res.Next = append(model.Hints{{Text: onlyUnguarded, Command: again}}, res.Next...)
	}
}

const onlyUnguarded = "On this store it goes only by comparing, changing and looking afterwards, which is not atomic: make sure that nobody else is at work, then"

// anew is the command that does what this run was to do, or finishes it.
func (r *run) anew(ended model.Outcome) []string {
	p := r.plan
	url := p.URL()
	switch {
	case p.Unlock != nil && len(p.Unlock.Victims) > 0:
		return []string{"unlock", url, "--lock-id", p.Unlock.Victims[0].Token()}
	case p.Recover != nil || ended == model.OutcomeInterrupted:
		return []string{"recover", url}
	case p.Operation == model.OpRepair && p.Restore != nil:
		return []string{"repair", url, "--to", string(model.RepairToVersion)}
	case p.Restore != nil:
		return []string{"restore", url, "--version-id", p.Restore.Target.VersionID}
	}
	return []string{string(p.Operation), url}
}

// What is known of a store that does not hold to conditions.
const (
	ignoresConditions = "This store was seen to ignore the conditions of changes"
	refusesWhatHolds  = "This store was seen to refuse a condition that holds"
)

// unguard has a plan promise no more than its store holds to, and ask for the
// word that allows it.
func (c *Client) unguard(ctx context.Context, p *model.Plan) {
	store := c.storeOf(ctx, p.Backend)
	if store == "" || p.Gone || len(p.Steps) == 0 {
		return
	}
	if c.lax.of(store) == "" && p.LocksByFile() {
		c.lax.add(store, c.overlaid(ctx, p.Backend, p.Key))
	}
	switch why := c.lax.of(store); {
	case why != "":
		p.Unguard(why)
	case c.opts.Unguarded:
		p.Unguard("Where this store refuses a condition, the change is made without it, as was asked for")
	}
	if p.Unlock != nil && slices.ContainsFunc(p.Unlock.Victims, isBlind) {
		p.Warnings = append(p.Warnings, "The bucket keeps no versions and the endpoint is not AWS: should the store ignore conditions, a lock that is taken at the last moment goes as well, and nobody can tell afterwards.")
	}
}

// refusesConditions reports whether the store refuses conditions, as far as is
// known, or may, as the operator says.
func (c *Client) refusesConditions(ctx context.Context, b model.Backend) bool {
	store := c.storeOf(ctx, b)
	known := c.lax.of(store)
	return store != "" && (known == refusesWhatHolds || known == "" && c.opts.Unguarded)
}

// isBlind reports a lock file of which nothing shows afterwards what was removed.
func isBlind(l model.Lock) bool {
	return l.Mechanism == model.MechanismLockfile && !keepsVersions(l.VersionID)
}

// overlaysRead is how many places in a history are looked at for a proof.
const overlaysRead = 3

// overlaid is what the history of a state's lock file proves of its store; ""
// where it proves nothing or cannot be read.
func (c *Client) overlaid(ctx context.Context, b model.Backend, key string) string {
	var history []model.Version
	for page, err := range c.Versions(ctx, b, model.LockKey(key)) {
		if err != nil {
			break
		}
		if history = append(history, page...); len(history) >= lockHistory {
			break
		}
	}
	return c.proofIn(ctx, b, key, history)
}

// proofIn reads the bodies of locks that lie upon each other.
func (c *Client) proofIn(ctx context.Context, b model.Backend, key string, history []model.Version) string {
	overlays := model.Overlays(history)
	for _, o := range overlays[:min(len(overlays), overlaysRead)] {
		newer, err := c.fetch(ctx, b, fetch{key: model.LockKey(key), versionID: o.Newer.VersionID, limit: longestLock})
		if err != nil {
			continue
		}
		older, err := c.fetch(ctx, b, fetch{key: model.LockKey(key), versionID: o.Older.VersionID, limit: longestLock})
		if err != nil {
			continue
		}
		if proof := o.Proves(b.Bucket, older.Body, newer.Body); proof != "" {
			return "This store ignores the conditions of changes: " + proof
		}
	}
	return ""
}

// conditions is how the endpoint deals with conditional writes: AWS holds to
// them; of another store it is known only that it does not, by what this session
// saw or by the history of a lock file.
func (h *healthReader) conditions(ctx context.Context) model.Fact[model.Conditions] {
	endpoint := h.c.storeOf(ctx, h.b)
	if endpoint == "" {
		return model.Known(model.Conditions{Honoured: true})
	}
	files := h.history.lockFiles()
	for _, key := range slices.Sorted(maps.Keys(files)) {
		if h.c.lax.of(endpoint) != "" {
			break
		}
		h.c.lax.add(endpoint, h.c.proofIn(ctx, h.b, key, files[key]))
	}
	if why := h.c.lax.of(endpoint); why != "" {
		return model.Known(model.Conditions{Evidence: []string{why}})
	}
	return model.Unknown[model.Conditions]("the endpoint is not AWS, and reading alone cannot tell")
}

// laxStores are the endpoints that do not hold to a condition, and how that is
// known. The zero value is empty.
type laxStores struct {
	mu   sync.Mutex
	seen map[string]string
}

// add notes why a store is lax; the first reason stays, and none is none.
func (l *laxStores) add(store, why string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.seen == nil {
		l.seen = map[string]string{}
	}
	if l.seen[store] == "" {
		l.seen[store] = why
	}
}

// of is why a store is lax; "" where nothing is known.
func (l *laxStores) of(store string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.seen[store]
}
