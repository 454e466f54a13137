package ui

import (
	"fmt"
	"testing"

	"github.com/stateward/stateward/model"
)

// BenchmarkListingArrives is 50,000 states that come in pages of 1,000, all of
// them together: as listed, filtered, and in the order of a column.
func BenchmarkListingArrives(b *testing.B) {
	pages := make([][]model.State, 50)
	for i := range pages {
		for j := range 1000 {
			pages[i] = append(pages[i], model.State{Key: fmt.Sprintf("team-%02d/service-%05d/prod.tfstate", j%37, i*1000+j)})
		}
	}
	for name, set := range map[string]func(p *statesPage){
		"as listed": func(*statesPage) {},
		"filtered":  func(p *statesPage) { p.list.setFilter("team-03 9") },
		"ordered":   func(p *statesPage) { p.list.sortNext() },
	} {
		b.Run(name, func(b *testing.B) {
			app := manyStates(b, 120, 40)
			for b.Loop() {
				p := newStatesPage(app, model.Backend{Bucket: "b"})
				set(p)
				for _, page := range pages {
					p.list.add(page, p.carry)
				}
			}
		})
	}
}
