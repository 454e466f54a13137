package widget

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
)

func lockColumns() []Column {
	return []Column{
		{Title: "STATE", Min: 12, Weight: 3, Cut: CutMiddle},
		{Title: "HELD BY", Min: 8, Max: 14, Weight: 1, Drop: 1},
		{Title: "FOR", Min: 5, Right: true},
		{Title: "VIA", Min: 4, Drop: 3},
		{Title: "VERDICT", Min: 12, Drop: 2},
	}
}

var lockRows = [][]Cell{
	{{Text: "payments/api/terraform.tfstate"}, {Text: "ci@runner-17 apply"}, {Text: "3 h"}, {Text: "ddb"}, {Text: "likely stale", Tone: Warn}},
	{{Text: "net/core"}, {Text: "erin@mbp"}, {Text: "2 min"}, {Text: "·"}, {Text: "likely live", Tone: Good}},
	{{Text: "net/edge"}, {Text: "?", Tone: Dim}, {Text: "6 d"}, {Text: "s3"}, {Text: "-"}},
}

func lockGrid(w, h int) *Grid {
	g := &Grid{Empty: "no locks are held"}
	g.SetColumns(lockColumns()...)
	g.SetSize(w, h)
	g.SetRows(len(lockRows), func(i int) []Cell { return lockRows[i] }, func(i int) string { return lockRows[i][0].Text })
	return g
}

// screen is what a grid looks like without colour, a border round it.
func screen(g *Grid) string {
	return "|" + strings.ReplaceAll(ansi.Strip(g.View(NewStyles(true, false))), "\n", "|\n|") + "|"
}

func TestGridScreens(t *testing.T) {
	tests := map[string]struct {
		w, h int
		do   func(g *Grid)
		want []string
	}{
		"wide enough for all": {70, 5, func(*Grid) {}, []string{
			"|   STATE                       HELD BY         FOR  VIA   VERDICT     |",
			"| ▌ payments…terraform.tfstate  ci@runner-1…    3 h  ddb   likely stale|",
			"|   net/core                    erin@mbp      2 min  ·     likely live |",
			"|   net/edge                    ?               6 d  s3    -           |",
			"|                                                                      |",
		}},
		"narrow: the highest drop number goes first": {46, 5, func(g *Grid) { g.Move(1) }, []string{
			"|   STATE         HELD BY     FOR  VERDICT     |",
			"|   pay….tfstate  ci@runn…    3 h  likely stale|",
			"| ▌ net/core      erin@mbp  2 min  likely live |",
			"|   net/edge      ?           6 d  -           |",
			"|                                              |",
		}},
		"sorted, marked, moved": {40, 5, func(g *Grid) {
			g.SetSort(0, true)
			g.Move(1)
			g.ToggleMark()
			g.Move(1)
		}, []string{
			"|   STATE▼              HELD BY       FOR|",
			"|   payme…form.tfstate  ci@runner…    3 h|",
			"|*  net/core            erin@mbp    2 min|",
			"| ▌ net/edge            ?             6 d|",
			"|                                        |",
		}},
		"nothing there": {40, 4, func(g *Grid) { g.SetRows(0, nil, nil) }, []string{
			"|   STATE               HELD BY       FOR|",
			"|   no locks are held                    |",
			"|                                        |",
			"|                                        |",
		}},
		"one line shows the row, not the header": {40, 1, func(g *Grid) { g.End() }, []string{
			"| ▌ net/edge            ?             6 d|",
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			g := lockGrid(tt.w, tt.h)
			tt.do(g)
			if got, want := screen(g), strings.Join(tt.want, "\n"); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func TestGridHidden(t *testing.T) {
	tests := map[string]struct {
		w    int
		want []string
	}{
		"all are there":                  {80, nil},
		"via goes first":                 {50, []string{"VIA"}},
		"then the verdict":               {36, []string{"VIA", "VERDICT"}},
		"then the holder":                {26, []string{"HELD BY", "VIA", "VERDICT"}},
		"what must stay shrinks instead": {12, []string{"HELD BY", "VIA", "VERDICT"}},
		"until nothing fits":             {3, []string{"STATE", "HELD BY", "FOR", "VIA", "VERDICT"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := lockGrid(tt.w, 5).Hidden(); !slices.Equal(got, tt.want) {
				t.Errorf("%d columns hide %q, want %q", tt.w, got, tt.want)
			}
		})
	}
}

func TestColumnWidths(t *testing.T) {
	tests := map[string]struct {
		columns []Column
		room    int
		want    []int
	}{
		"no weight, no growth":                  {[]Column{{Min: 4}, {Min: 5}}, 40, []int{4, 5}},
		"room is shared by weight":              {[]Column{{Min: 4, Weight: 2}, {Min: 4, Weight: 1}}, 40, []int{24, 14}},
		"a bounded column leaves it to others":  {[]Column{{Min: 4, Weight: 1, Max: 6}, {Min: 4, Weight: 1}}, 40, []int{6, 32}},
		"all bounded: some room is left":        {[]Column{{Min: 4, Weight: 1, Max: 6}}, 40, []int{6}},
		"an odd rest goes to the first":         {[]Column{{Min: 1, Weight: 1}, {Min: 1, Weight: 1}}, 7, []int{3, 2}},
		"equals: the last one is dropped":       {[]Column{{Min: 4, Drop: 1}, {Min: 4, Drop: 1}}, 5, []int{4, 0}},
		"the widest gives way when none may go": {[]Column{{Min: 9}, {Min: 3}}, 10, []int{5, 3}},
		"no minimum is one column":              {[]Column{{}}, 10, []int{1}},
		"no room":                               {[]Column{{Min: 4}, {Min: 2}}, 0, []int{0, 0}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := layout(tt.columns, tt.room+gridMargin); !slices.Equal(got, tt.want) {
				t.Errorf("%v, want %v", got, tt.want)
			}
		})
	}
}

// numbers fills a grid with rows whose keys are these numbers.
func numbers(g *Grid, keys ...int) {
	g.SetRows(len(keys), func(i int) []Cell { return []Cell{{Text: fmt.Sprint(keys[i])}} },
		func(i int) string { return fmt.Sprint(keys[i]) })
}

func TestGridCursor(t *testing.T) {
	tests := map[string]struct {
		do     func(g *Grid)
		cursor int
		key    string
		from   int // first row on screen
	}{
		"starts on top":                                {func(*Grid) {}, 0, "0", 0},
		"moves down within the screen":                 {func(g *Grid) { g.Move(2) }, 2, "2", 0},
		"scrolls when it leaves the screen":            {func(g *Grid) { g.Move(4) }, 4, "4", 1},
		"stops at the end":                             {func(g *Grid) { g.Move(100) }, 9, "9", 6},
		"stops at the top":                             {func(g *Grid) { g.Move(-3) }, 0, "0", 0},
		"goes by screens":                              {func(g *Grid) { g.Page(1); g.Page(1); g.Page(-1) }, 4, "4", 4},
		"to the end and home":                          {func(g *Grid) { g.End(); g.Home() }, 0, "0", 0},
		"to a row by number":                           {func(g *Grid) { g.SetCursor(5) }, 5, "5", 2},
		"to a row by key":                              {func(g *Grid) { g.SetCursorByKey("7") }, 7, "7", 4},
		"to no row":                                    {func(g *Grid) { g.SetCursorByKey("x") }, 0, "0", 0},
		"follows its row through a sort":               {func(g *Grid) { g.Move(2); numbers(g, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0) }, 7, "2", 5},
		"follows its row through a filter":             {func(g *Grid) { g.Move(6); numbers(g, 2, 4, 6, 8) }, 2, "6", 0},
		"keeps its place when its row is gone":         {func(g *Grid) { g.Move(2); numbers(g, 0, 1, 3, 4) }, 2, "3", 0},
		"goes to the last row when its place is gone":  {func(g *Grid) { g.End(); numbers(g, 0, 1, 3) }, 2, "3", 0},
		"stays on top while rows arrive above":         {func(g *Grid) { numbers(g, -2, -1, 0, 1) }, 0, "-2", 0},
		"stays on its row once it was moved":           {func(g *Grid) { g.Move(1); numbers(g, -2, -1, 0, 1) }, 3, "1", 0},
		"comes back to its row after an empty refresh": {func(g *Grid) { g.Move(3); numbers(g); numbers(g, 0, 1, 2, 3, 4) }, 3, "3", 1},
		"has no row in an empty grid":                  {func(g *Grid) { numbers(g); g.Move(1); g.ToggleMark() }, -1, "", 0},
		"stays on screen when that shrinks":            {func(g *Grid) { g.Move(3); g.SetSize(20, 3) }, 3, "3", 2},
		"scrolls back when the screen grows":           {func(g *Grid) { g.End(); g.SetSize(20, 30) }, 9, "9", 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			g := &Grid{}
			g.SetColumns(Column{Title: "N", Min: 3})
			g.SetSize(20, 5)
			numbers(g, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9)
			tt.do(g)
			from, _ := g.Window()
			if g.Cursor() != tt.cursor || g.CursorKey() != tt.key || from != tt.from {
				t.Errorf("row %d (%q), screen from %d; want row %d (%q), from %d",
					g.Cursor(), g.CursorKey(), from, tt.cursor, tt.key, tt.from)
			}
		})
	}
}

func TestGridMarks(t *testing.T) {
	g := &Grid{}
	g.SetSize(20, 5)
	numbers(g, 0, 1, 2, 3)
	g.Move(2)
	g.ToggleMark()
	g.Home()
	g.ToggleMark()
	numbers(g, 3, 1) // a filter hides both
	if got := g.Marks(); !slices.Equal(got, []string{"2", "0"}) {
		t.Errorf("marks in the order of marking: %q", got)
	}
	numbers(g, 0, 1, 2, 3)
	g.SetCursorByKey("2")
	g.ToggleMark()
	if got := g.Marks(); !slices.Equal(got, []string{"0"}) {
		t.Errorf("after taking one off: %q", got)
	}
	g.ClearMarks()
	if got := g.Marks(); len(got) != 0 {
		t.Errorf("after taking all off: %q", got)
	}
}

func TestGridRowAt(t *testing.T) {
	g := &Grid{}
	g.SetSize(20, 5)
	numbers(g, 0, 1, 2, 3, 4, 5)
	g.End()
	if row, ok := g.RowAt(1); row != 2 || !ok {
		t.Errorf("the first line is row %d, %v", row, ok)
	}
	for _, y := range []int{0, 5, -1} {
		if row, ok := g.RowAt(y); ok {
			t.Errorf("line %d is row %d", y, row)
		}
	}
}

func TestGridAsksOnlyForRowsOnScreen(t *testing.T) {
	asked := map[int]bool{}
	g := &Grid{}
	g.SetColumns(Column{Title: "N", Min: 3})
	g.SetSize(20, 5)
	g.SetRows(100_000, func(i int) []Cell { asked[i] = true; return nil }, func(i int) string { return fmt.Sprint(i) })
	g.Move(50_000)
	g.View(NewStyles(true, false))
	if len(asked) != 4 || !asked[50_000] {
		t.Errorf("asked for %v", asked)
	}
}

func TestGridCursorIsSeenWithoutColour(t *testing.T) {
	g := lockGrid(70, 5)
	view := strings.Split(g.View(NewStyles(true, true)), "\n")
	if !strings.Contains(view[1], "▌") || !strings.Contains(view[1], "\x1b[1;7m") {
		t.Errorf("the cursor's row: %q", view[1])
	}
	if strings.Contains(view[2], "\x1b[") {
		t.Errorf("another row: %q", view[2])
	}
}

func bigGrid(w, h int) *Grid {
	const n = 100_000
	states := make([]string, n)
	for i := range states {
		states[i] = fmt.Sprintf("team-%d/service-%d/eu-west-1/terraform.tfstate", i%97, i)
	}
	cells := make([]Cell, 5)
	g := &Grid{}
	g.SetColumns(lockColumns()...)
	g.SetSize(w, h)
	g.SetRows(n, func(i int) []Cell {
		cells[0] = Cell{Text: states[i]}
		cells[1] = Cell{Text: "ci@runner-17 apply"}
		cells[2] = Cell{Text: "26 min", Tone: Dim}
		cells[3] = Cell{Text: "ddb+s3"}
		cells[4] = Cell{Text: "● match", Tone: Good}
		return cells
	}, func(i int) string { return states[i] })
	return g
}

func BenchmarkGridFrame100k(b *testing.B) {
	g := bigGrid(120, 40)
	st := NewStyles(true, false)
	g.ToggleMark()
	g.Move(50_000)
	b.ReportAllocs()
	for b.Loop() {
		g.Move(1)
		if len(g.View(st)) == 0 {
			b.Fatal("nothing was drawn")
		}
	}
}

func BenchmarkGridRefresh100k(b *testing.B) {
	g := bigGrid(120, 40)
	g.Move(50_000)
	b.ReportAllocs()
	for b.Loop() {
		g.SetRows(g.n, g.rows, g.key)
	}
}
