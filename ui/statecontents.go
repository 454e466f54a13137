package ui

import (
	"strconv"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/stateward/stateward/model"
	"github.com/stateward/stateward/ui/widget"
)

// contents are the tabs that show the body of a state.
func (p *statePage) contents() (resources *resourcesTab, outputs *outputsTab, raw *rawTab) {
	counted := func() model.Fact[int] { return p.facts.Resources }
	resources, outputs, raw = newResourcesTab(p.host, p.body, counted), newOutputsTab(p.host, p.body), newRawTab(p.host, p.body)
	p.body.tabs = []bodyTab{resources, outputs, raw}
	return resources, outputs, raw
}

// newStatePageAt opens the resources of a state with the cursor on an address:
// of a resource or of one of its instances.
func newStatePageAt(h host, b model.Backend, s model.State, address string) *statePage {
	p := newStatePage(h, b, s)
	p.afar = true
	for i, t := range p.tabs {
		if r, ok := t.(*resourcesTab); ok {
			r.seek(address)
			p.at = i
		}
	}
	return p
}

// newVersionPage shows what is in one version of a state.
func newVersionPage(h host, b model.Backend, key string, v model.Version) *statePage {
	p := &statePage{host: h, sc: &scope{}, backend: b, state: model.State{Bucket: b.Bucket, Key: key}, past: &v}
	p.body = &stateBody{host: h, sc: p.sc, backend: b, key: key}
	if !v.IsLatest { // the current one takes no permission beyond that of every client
		p.body.versionID = v.VersionID
	}
	p.facts.Resources = v.Facts.Resources
	resources, outputs, raw := p.contents()
	p.tabs = []tab{resources, outputs, raw}
	for _, t := range p.tabs {
		p.tables = append(p.tables, withTabs(t.actions(), p.tabActions()[:2]))
	}
	return p
}

// pastTitle names a version by its serial, where that is known.
func pastTitle(v *model.Version) string {
	if n, ok := serialOf(v); ok {
		return "serial " + strconv.FormatUint(n, 10)
	}
	return "version " + v.VersionID
}

// pastWords tell how old the version is that is shown.
func pastWords(v *model.Version, now time.Time) []widget.Cell {
	what := warn("▲ not the current version")
	if v.IsLatest {
		what = good("current version")
	}
	return []widget.Cell{what, dim(" · " + justNow(now.Sub(v.LastModified)) + "  ")}
}

// noOpen is why a version cannot be opened.
func (t *versionsTab) noOpen() string {
	switch v := t.list.current(); {
	case v == nil:
		return "nothing is selected"
	case v.DeleteMarker:
		return "a delete marker has no content"
	case v.Size == 0:
		return "it is empty"
	}
	return ""
}

func (t *versionsTab) open() tea.Cmd {
	return t.host.push(newVersionPage(t.host, t.backend, t.state, *t.list.current()))
}
