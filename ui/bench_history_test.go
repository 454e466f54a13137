package ui

import (
	"fmt"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/stateward/stateward/model"
)

// historySizes are the numbers of versions that are compared: what a frame or a
// fact costs must not grow with them.
func historySizes() []int { return []int{1_000, 10_000} }

// BenchmarkHistoryFrame is one frame of a state's versions.
func BenchmarkHistoryFrame(b *testing.B) {
	for _, n := range historySizes() {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			app, _ := manyVersions(b, n)
			b.ReportAllocs()
			for b.Loop() {
				_ = app.View()
			}
		})
	}
}

// BenchmarkHistoryMove is a key press and the frame after it.
func BenchmarkHistoryMove(b *testing.B) {
	for _, n := range historySizes() {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			app, _ := manyVersions(b, n)
			b.ReportAllocs()
			for b.Loop() {
				app.Update(keyPress("j"))
				_ = app.View()
			}
		})
	}
}

// BenchmarkHistoryFact is what follows from the facts of one version: what it and
// its neighbours tell, the suggestion, and the frame with its chart.
func BenchmarkHistoryFact(b *testing.B) {
	for _, n := range historySizes() {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			app, tab := manyVersions(b, n)
			b.ReportAllocs()
			for b.Loop() {
				tab.past.Learned(tab.list.rows, n/2)
				tab.chart.learned(tab.list.rows, n/2)
				tab.judged()
				_ = app.View()
			}
		})
	}
}

// BenchmarkHistoryListed is the end of a listing: all versions anew.
func BenchmarkHistoryListed(b *testing.B) {
	for _, n := range historySizes() {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			_, tab := manyVersions(b, n)
			b.ReportAllocs()
			for b.Loop() {
				tab.judge(0)
			}
		})
	}
}

// manyVersions shows a state with n versions, all of them read.
func manyVersions(tb testing.TB, n int) (*App, *versionsTab) {
	f := sampleFleet()
	longHistory(f, n)
	app := New(Options{Reader: f, Operator: f, Theme: "dark", Now: func() time.Time { return theTime }})
	app.Update(tea.WindowSizeMsg{Width: 80, Height: 24})
	app.push(newStatePage(app, f.backends[3], model.State{Bucket: "acme-tfstate-data", Key: theKey}))
	page, ok := app.top().(*statePage)
	if !ok {
		tb.Fatal("no state is shown")
	}
	tab, ok := page.tabs[0].(*versionsTab)
	if !ok {
		tb.Fatal("no versions are shown")
	}
	tab.arrived(f.versions["s3://acme-tfstate-data/"+theKey])
	tab.ended(nil)
	tab.past.Runs, tab.past.Held = model.Known(model.LockRunsOf(f.past.history, time.Time{})), model.Known(model.LockReport{})
	tab.past.Wants = f.past.wants
	tab.judge(0)
	tab.list.grid.SetCursor(n / 2)
	return app, tab
}
