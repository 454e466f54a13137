package ui

import (
	"context"
	"fmt"
	"iter"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/stateward/stateward/model"
	"github.com/stateward/stateward/ui/widget"
)

// showing reports whether a tab is the one on screen. A tab that costs a request
// for each version reads nothing before it is looked at.
func (p *statePage) showing(t tab) bool { return p.tabs[p.at] == t }

// encryptionTab shows how a state, its history, its lock file and its tables are
// encrypted, and where they differ.
type encryptionTab struct {
	listPage[encryptionRow]
	backend model.Backend
	state   string
	showing func(tab) bool
	got     model.StateEncryption
	drift   []model.Drift
	table   []action
}

func newEncryptionTab(h host, sc *scope, b model.Backend, key string, showing func(tab) bool) *encryptionTab {
	t := &encryptionTab{backend: b, state: key, showing: showing, listPage: newListPage[encryptionRow](h, "place", sc)}
	t.start, t.detail, t.tall = t.relist, t.details, 2*maxDetail
	t.tells = true // how many lines it has says nothing
	t.list.id = func(r *encryptionRow) string { return r.id }
	t.list.words = func(r *encryptionRow) string { return strings.Join([]string{r.what, r.how.Text, r.key.Text}, " ") }
	t.list.cells = func(r *encryptionRow, cells []widget.Cell) []widget.Cell {
		return append(cells, text(r.what), r.how, r.key, r.bucketKey, r.note)
	}
	t.list.init(encryptionColumns())
	t.table = append(append(t.ownActions(), t.listActions()...), t.movement()...)
	return t
}

func encryptionColumns() []column[encryptionRow] {
	return []column[encryptionRow]{
		{widget.Column{Title: "WHAT", Min: 22, Max: 40, Weight: 1}, nil},
		{widget.Column{Title: "ENCRYPTION", Min: 12}, nil},
		{widget.Column{Title: "KEY", Min: 16, Max: 40, Weight: 1, Cut: widget.CutMiddle}, nil},
		{widget.Column{Title: "BUCKET KEY", Min: 10, Drop: 1}, nil},
		{widget.Column{Title: "DRIFT", Min: 9}, nil},
	}
}

func (t *encryptionTab) ownActions() []action {
	return []action{
		{keys: []string{"y"}, name: "copy key", help: "copy the ARN of the key", footer: true, blocked: t.noKey,
			run: func() tea.Cmd { return t.host.copied("the ARN", t.list.current().ref) }},
		{keys: []string{"Y"}, name: "copy CLI", help: "copy the command line that lists the encryption of each version",
			run: func() tea.Cmd {
				return t.host.copied("the command line", t.host.command("history", t.backend.URL(t.state), "-o", "json"))
			}},
	}
}

func (t *encryptionTab) noKey() string {
	switch r := t.list.current(); {
	case r == nil:
		return "nothing is selected"
	case r.ref == "":
		return "no KMS key is behind this"
	}
	return ""
}

// label marks the tab when something is encrypted otherwise than the rest.
func (t *encryptionTab) label() string {
	for _, d := range t.drift {
		if tone := driftTone(d); tone != widget.Plain {
			return "encryption ▲"
		}
	}
	return "encryption"
}

func (t *encryptionTab) actions() []action { return t.table }

// enter, refresh and tick read only while the tab is looked at.
func (t *encryptionTab) enter() tea.Cmd   { return t.whenShown(t.listPage.enter) }
func (t *encryptionTab) refresh() tea.Cmd { return t.whenShown(t.listPage.refresh) }
func (t *encryptionTab) tick() tea.Cmd    { return t.whenShown(t.listPage.tick) }

func (t *encryptionTab) whenShown(read func() tea.Cmd) tea.Cmd {
	if !t.showing(t) {
		return nil
	}
	return read()
}

func (t *encryptionTab) relist() tea.Cmd {
	ctx, at := t.begin()
	read, b, key := t.host.reader(), t.backend, t.state
	return listen(ctx, at, func(ctx context.Context) iter.Seq2[model.StateEncryption, error] {
		return read.StateEncryption(ctx, b, key)
	})
}

func (t *encryptionTab) receive(l letter) tea.Cmd {
	m, ok := l.(batch[model.StateEncryption])
	if !ok || !t.listing.current(m) {
		return nil
	}
	if n := len(m.values); n > 0 {
		t.got = m.values[n-1]
		t.drift = model.EncryptionDrift(t.got)
		t.fresh = nil // each time it is all of it
		t.arrived(encryptionRows(t.got, t.drift))
	}
	if m.end {
		t.reading = t.got.Problems
		t.fresh, t.partial = encryptionRows(t.got, t.drift), false
		t.ended(m.err)
	}
	return m.next()
}

// encryptionRow is one place that is encrypted.
type encryptionRow struct {
	id        string
	what      string
	how       widget.Cell
	key       widget.Cell
	bucketKey widget.Cell
	note      widget.Cell
	ref       string // the key's ARN
	parts     []widget.Cell
	drift     []model.Drift
}

// encryptionRows are the places, what new things are encrypted with first.
func encryptionRows(s model.StateEncryption, drift []model.Drift) []encryptionRow {
	rows := []encryptionRow{placeRow(s, "bucket default", s.Bucket, nil)}
	if len(s.Versions) > 0 && s.Versions[0].IsLatest {
		rows = append(rows, placeRow(s, "current version", s.Versions[0].Encryption, drift))
	}
	for _, r := range s.Runs() {
		rows = append(rows, runRow(s, r, drift))
	}
	rows = append(rows, lockFileRow(s, drift))
	for _, t := range s.Tables {
		rows = append(rows, placeRow(s, "table "+t.Table, t.Encryption, drift))
	}
	return append(rows, clientRow(s))
}

func placeRow(s model.StateEncryption, what string, f model.Fact[model.Encryption], drift []model.Drift) encryptionRow {
	r := encryptionRow{id: what, what: what, how: unread(), key: none(), bucketKey: none(), note: none()}
	r.parts = why(r.parts, what, f)
	e, ok := f.Get()
	if !ok {
		r.how = factCell(f, encryptionCell)
		return r
	}
	r.how = algorithmCell(e)
	if e.KMSKeyID != "" {
		r.keyOf(s, e)
	}
	for _, d := range drift {
		if d.Where == what {
			r.drifts(d)
		}
	}
	return r
}

func algorithmCell(e model.Encryption) widget.Cell {
	switch e.Algorithm {
	case "AES256":
		return text("SSE-S3")
	case "aws:kms":
		return text("SSE-KMS")
	case "aws:kms:dsse":
		return text("DSSE-KMS")
	case model.AWSOwnedKey:
		return text("AWS owned")
	case "", "none":
		return warn("▲ none")
	}
	return text(e.Algorithm)
}

// keyOf adds the key with its state, where that is out of the ordinary.
func (r *encryptionRow) keyOf(s model.StateEncryption, e model.Encryption) {
	r.ref, r.key = e.KMSKeyID, text(s.KeyName(e.KMSKeyID))
	switch {
	case e.BucketKey:
		r.bucketKey = text("yes")
	case !strings.HasPrefix(r.what, "table "): // S3 has bucket keys, DynamoDB none
		r.bucketKey = text("no")
	}
	k, met := s.Keys[e.KMSKeyID]
	if !met {
		return
	}
	if state := k.State.Or(""); state.OutOfService() {
		r.note = bad("✖ key")
		r.parts = append(r.parts, bad("✖ the key is "+string(state)))
	}
	r.parts = append(r.parts, factWords(k.Manager, managerWords)...)
	r.parts = append(r.parts, dim(first(k.ARN, k.ID)))
	r.parts = why(r.parts, "key", k.State)
}

func driftTone(d model.Drift) widget.Tone {
	switch d.Tone {
	case model.DriftBad:
		return widget.Bad
	case model.DriftLook:
		return widget.Warn
	}
	return widget.Plain
}

func (r *encryptionRow) drifts(d model.Drift) {
	r.drift = append(r.drift, d)
	switch driftTone(d) {
	case widget.Bad:
		r.note = bad("✖ differs")
	case widget.Warn:
		r.note = warn("▲ differs")
	default:
		if r.note.Text == signNone {
			r.note = dim("differs")
		}
	}
}

// runRow is the old versions that are encrypted alike.
func runRow(s model.StateEncryption, run model.EncryptionRun, drift []model.Drift) encryptionRow {
	what := run.Where()
	fact := model.Known(run.Encryption)
	if run.Unread != "" {
		fact = model.Unknown[model.Encryption](run.Unread)
	}
	var own []model.Drift
	for _, d := range drift {
		if d.Where == what && d.Key == run.Encryption.KMSKeyID {
			own = append(own, d)
		}
	}
	r := placeRow(s, what, fact, own)
	if run.AtLeast { // in full it is too long for the column
		r.what = fmt.Sprintf("%d+ old versions", run.Count)
	}
	r.id = fmt.Sprintf("old %s %s %s", run.Encryption.Algorithm, run.Encryption.KMSKeyID, run.Unread)
	r.parts = append([]widget.Cell{text("written " + run.Span())}, r.parts...)
	if s.Bounded {
		r.parts = append(r.parts, dim("older versions were not looked at"))
	}
	return r
}

func lockFileRow(s model.StateEncryption, drift []model.Drift) encryptionRow {
	if found, ok := s.LockFile.Found.Get(); ok && !found {
		r := placeRow(s, "lock file", model.Fact[model.Encryption]{}, nil)
		r.how = none()
		r.parts = append(r.parts, dim("this state never had a lock file"))
		return r
	}
	r := placeRow(s, s.LockFile.Words(), s.LockFile.Encryption, drift)
	r.id = "lock file"
	return r
}

// clientRow is what OpenTofu encrypts before it sends the state.
func clientRow(s model.StateEncryption) encryptionRow {
	r := encryptionRow{id: "client", what: "client side", how: none(), key: none(), bucketKey: none(), note: none()}
	r.parts = why(r.parts, "client side", s.Client)
	c, ok := s.Client.Get()
	switch {
	case !ok:
		r.how = factCell(s.Client, func(*model.ClientEncryption) widget.Cell { return none() })
	case c != nil:
		r.how = good("● OpenTofu")
		r.key = text(first(strings.Join(c.KeyProviders, ", "), signUnknown))
		r.parts = append(r.parts, text("OpenTofu encrypts the state before it sends it"), text("encryption "+first(c.Version, signUnknown)),
			text("key providers: "+first(strings.Join(c.KeyProviders, ", "), "not read to their end")))
	default:
		r.parts = append(r.parts, dim("the state is stored as the tools read it; only the store encrypts"))
	}
	return r
}

func (t *encryptionTab) details(st widget.Styles, w, h int) []string {
	r := t.list.current()
	if r == nil {
		return nil
	}
	lines := flow(st, r.what, r.parts, w, 3)
	var about []journalLine
	for _, d := range r.drift {
		tone := driftTone(d)
		about = append(about, journalLine{"Differs", d.Where + " " + d.Text, tone}, journalLine{"Cause", d.Cause, widget.Plain})
	}
	if len(about) == 0 && !t.busy && len(t.drift) == 0 && t.err == nil {
		about = append(about, journalLine{"Drift", "none found: what was read is encrypted alike", widget.Plain})
	}
	return clipLines(append(lines, aboutLines(st, about, w, 3)...), w, h)
}
