package ui

import (
	"fmt"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/stateward/stateward/model"
)

// BenchmarkFrame is one frame of a list of 100,000 states: it must not depend
// on how many there are.
func BenchmarkFrame(b *testing.B) {
	for _, size := range [][2]int{{80, 24}, {120, 40}, {240, 70}} {
		b.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(b *testing.B) {
			app := manyStates(b, size[0], size[1])
			b.ReportAllocs()
			for b.Loop() {
				_ = app.View()
			}
		})
	}
}

// BenchmarkMove is a key press and the frame after it.
func BenchmarkMove(b *testing.B) {
	app := manyStates(b, 80, 24)
	for b.Loop() {
		app.Update(keyPress("j"))
		_ = app.View()
	}
}

// BenchmarkFilter is one character typed into the filter over all states.
func BenchmarkFilter(b *testing.B) {
	app := manyStates(b, 80, 24)
	list := &app.top().(*statesPage).list
	for b.Loop() {
		list.setFilter("network 7")
		list.setFilter("")
	}
}

func manyStates(tb testing.TB, w, h int) *App {
	f := sampleFleet()
	app := New(Options{Reader: f, Operator: f, Theme: "dark", Now: func() time.Time { return theTime }})
	app.Update(tea.WindowSizeMsg{Width: w, Height: h})
	app.push(newStatesPage(app, f.backends[0]))
	rows := make([]model.State, 100_000)
	for i := range rows {
		rows[i] = model.State{Key: fmt.Sprintf("team-%03d/network-%05d/terraform.tfstate", i%500, i), Workspace: "default",
			LastModified: theTime.Add(-time.Duration(i) * time.Minute), Size: int64(i) * 1000}
		rows[i].Facts = model.StateFacts{Header: header(uint64(i)), Resources: model.Known(i), Locked: model.Known(false),
			Encryption: model.Known(model.Encryption{Algorithm: "aws:kms"}), Digest: model.Known(model.DigestMatch)}
	}
	page, ok := app.top().(*statesPage)
	if !ok {
		tb.Fatal("the states are not shown")
	}
	page.arrived(rows)
	page.ended(nil)
	page.list.grid.SetCursor(50_000)
	return app
}
