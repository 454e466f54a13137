package ui

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/stateward/stateward/model"
	"github.com/stateward/stateward/ui/widget"
)

// denialReader tells what was denied so far and not allowed since, the newest
// first. It does no I/O.
type denialReader interface{ Denied() []model.Denial }

// deniedRow is an action that one identity lacks in one place: on a bucket, a
// table or a key, or on objects of one bucket.
type deniedRow struct{ denials []model.Denial }

// foldDenials makes rows of denials, in the order of the first of each.
func foldDenials(denials []model.Denial) []deniedRow {
	var rows []deniedRow
	at := map[string]int{}
	for _, d := range denials {
		fresh := deniedRow{[]model.Denial{d}}
		i, ok := at[fresh.id()]
		if !ok {
			at[fresh.id()] = len(rows)
			rows = append(rows, fresh)
			continue
		}
		rows[i].denials = append(rows[i].denials, d)
	}
	return rows
}

// id keeps apart what no single statement could fix, and the objects of a bucket
// from the bucket.
func (r *deniedRow) id() string {
	d := &r.denials[0]
	kind := "whole"
	if d.Container() != d.Resource {
		kind = "objects"
	}
	if d.Explicit {
		kind += " explicit"
	}
	return strings.Join([]string{d.Who, d.Action, d.Container(), kind}, "\x00")
}

func (r *deniedRow) action() string { return r.denials[0].Action }

func (r *deniedRow) place() string {
	d := r.denials[0]
	if len(r.denials) == 1 {
		return d.Place()
	}
	return model.Denial{Resource: d.Container()}.Place() + ": " + plural(len(r.denials), "object")
}

// blanks is what cannot be read or done without the action.
func (r *deniedRow) blanks() string { return model.Blanks(r.action()) }

func (r *deniedRow) count() int {
	n := 0
	for _, d := range r.denials {
		n += d.Count
	}
	return n
}

func (r *deniedRow) last() time.Time {
	return slices.MaxFunc(r.denials, func(a, b model.Denial) int { return a.Last.Compare(b.Last) }).Last
}

func (r *deniedRow) first() time.Time {
	return slices.MinFunc(r.denials, func(a, b model.Denial) int { return a.First.Compare(b.First) }).First
}

// permissionsPage lists what was denied, and what would allow it.
type permissionsPage struct {
	listPage[deniedRow]
	table []action
}

// showPermissions opens the page, unless it is the one shown.
func (a *App) showPermissions() tea.Cmd {
	if _, there := a.top().(*permissionsPage); there {
		return nil
	}
	return a.push(newPermissionsPage(a))
}

func newPermissionsPage(h host) *permissionsPage {
	p := &permissionsPage{listPage: newListPage[deniedRow](h, "denied action", &scope{})}
	p.none = "nothing was denied so far (only what was tried is known)"
	p.start, p.detail, p.tall = p.relist, p.details, 2*maxDetail
	p.list.id = (*deniedRow).id
	p.list.words = func(r *deniedRow) string {
		return strings.Join([]string{r.action(), r.place(), r.blanks(), r.denials[0].Who}, " ")
	}
	p.list.cells = p.cells
	p.list.wide = 1
	p.list.init(permissionColumns())
	p.table = append(append(p.ownActions(), p.listActions()...), p.movement()...)
	return p
}

func (p *permissionsPage) ownActions() []action {
	return []action{
		{keys: []string{"enter"}, name: "statement", help: "why it was denied, and its whole statement", footer: true,
			blocked: p.noRow, run: func() tea.Cmd { return p.host.show(&statementDialog{app: p.host, row: *p.list.current()}) }},
		{keys: []string{"y"}, name: "copy statement", help: "copy the statement of the row, or of those marked", footer: true,
			blocked: func() string { return noStatement(p.chosen()) },
			run: func() tea.Cmd {
				return copyJSON(p.host, "the statement", model.StatementJSON(statementsFor(p.chosen())))
			}},
		{keys: []string{"Y"}, name: "copy policy", help: "copy a policy with all that this identity was denied", footer: true,
			blocked: func() string { return noStatement(p.ofIdentity()) },
			run: func() tea.Cmd {
				return copyJSON(p.host, "the policy", model.PolicyOf(statementsFor(p.ofIdentity())...).JSON())
			}},
	}
}

func copyJSON(h host, what, doc string) tea.Cmd { return h.copied(what, strings.Split(doc, "\n")...) }

// ofIdentity is all rows of the identity under the cursor.
func (p *permissionsPage) ofIdentity() []*deniedRow {
	row := p.list.current()
	if row == nil {
		return nil
	}
	var rows []*deniedRow
	for i := range p.list.rows {
		if p.list.rows[i].denials[0].Who == row.denials[0].Who {
			rows = append(rows, &p.list.rows[i])
		}
	}
	return rows
}

func statementsFor(rows []*deniedRow) []model.AllowStatement {
	var all []model.Denial
	for _, r := range rows {
		all = append(all, r.denials...)
	}
	return model.LeastStatements(all)
}

// noStatement is why there is no statement for these rows.
func noStatement(rows []*deniedRow) string {
	switch {
	case len(rows) == 0:
		return "nothing is selected"
	case slices.ContainsFunc(rows, func(r *deniedRow) bool { return r.denials[0].Who != rows[0].denials[0].Who }):
		return "the marked rows are of different identities"
	case len(statementsFor(rows)) == 0:
		return "an explicit deny forbids it, which no statement overrides"
	}
	return ""
}

func permissionColumns() []column[deniedRow] {
	return []column[deniedRow]{
		{widget.Column{Title: "ACTION", Min: 23, Max: 36, Weight: 2, Cut: widget.CutMiddle},
			func(a, b *deniedRow) int { return strings.Compare(a.action(), b.action()) }},
		{widget.Column{Title: "RESOURCE", Min: 20, Max: 100, Weight: 2, Cut: widget.CutMiddle},
			func(a, b *deniedRow) int { return strings.Compare(a.place(), b.place()) }},
		{widget.Column{Title: "BLANKS", Min: 14, Max: 60, Weight: 2, Drop: 2}, nil},
		{widget.Column{Title: "COUNT", Min: 5, Right: true, Drop: 1},
			func(a, b *deniedRow) int { return cmp.Compare(b.count(), a.count()) }},
		{widget.Column{Title: "LAST", Min: 6, Right: true},
			func(a, b *deniedRow) int { return b.last().Compare(a.last()) }},
	}
}

func (p *permissionsPage) cells(r *deniedRow, cells []widget.Cell) []widget.Cell {
	return append(cells, text(r.action()), text(r.place()), text(r.blanks()), text(count(r.count())), text(ago(p.host.now(), r.last())))
}

func (p *permissionsPage) title() string { return "Permissions" }

func (p *permissionsPage) actions() []action { return p.table }

// enter reads again whatever the age of the list: it costs nothing.
func (p *permissionsPage) enter() tea.Cmd { return p.refresh() }

func (p *permissionsPage) relist() tea.Cmd {
	ctx, at := p.begin()
	read := p.host.reader()
	return ask(ctx, at, func(context.Context) ([]model.Denial, error) { return read.Denied(), nil })
}

func (p *permissionsPage) receive(l letter) tea.Cmd {
	m, ok := l.(answer[[]model.Denial])
	if !ok || !p.listing.current(m) {
		return nil
	}
	p.more = len(m.value) >= model.MaxDenials
	p.arrived(foldDenials(m.value))
	p.ended(m.err)
	return nil
}

func (p *permissionsPage) details(st widget.Styles, w, h int) []string {
	r := p.list.current()
	if r == nil {
		return nil
	}
	lines := flow(st, r.action(), []widget.Cell{text(r.place()), dim("denied to " + shortPrincipal(r.denials[0].Who))}, w, 2)
	for _, l := range r.account()[:2] {
		lines = append(lines, clipLines(shifted(labelled(st, l.label, l.text, l.tone, deniedLabel, max(1, w-2))), w, 2)...)
	}
	return clipLines(append(lines, r.statementLines(st, w-1)...), w, h)
}

// shortPrincipal is an identity without what its ARN has before the name.
func shortPrincipal(who string) string {
	parts := strings.SplitN(who, ":", 6)
	return first(parts[len(parts)-1], "the default credentials")
}

// deniedLabel is the width of the labels of a denial.
const deniedLabel = 10

// account is what there is to say of a row, the most useful first.
func (r *deniedRow) account() []journalLine {
	d := &r.denials[0]
	lines := []journalLine{{label: "Blanks", text: r.blanks()}, {label: "Remedy", text: d.Remedy()}}
	if d.Explicit {
		lines[1].tone = widget.Warn
	}
	return append(lines,
		journalLine{label: "Denied to", text: first(d.Who, "the default credentials")},
		journalLine{label: "Times", text: count(r.count()) + ", first " + absolute(r.first()) + ", last " + absolute(r.last())},
		journalLine{label: "Call", text: d.Call},
		journalLine{label: "AWS said", text: first(d.Said, "nothing")})
}

// statementLines is the statement that allows what is denied in the row.
func (r *deniedRow) statementLines(st widget.Styles, w int) []string {
	doc := model.StatementJSON(statementsFor([]*deniedRow{r}))
	if doc == "" {
		return nil
	}
	var lines []string
	for l := range strings.SplitSeq(doc, "\n") {
		bare := strings.TrimLeft(l, " ")
		lead := len(l) - len(bare) + 1
		for i, part := range widget.Wrap(widget.Sanitize(bare), max(8, w-lead-2)) {
			lines = append(lines, st.Accent.Render(strings.Repeat(" ", lead+2*min(i, 1))+part))
		}
	}
	return lines
}

func shifted(lines []string) []string {
	for i := range lines {
		lines[i] = " " + lines[i]
	}
	return lines
}
