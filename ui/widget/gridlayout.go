package widget

import (
	"cmp"
	"maps"
	"slices"
)

// layout works out how wide each column is on a screen of w columns; 0 is a
// column that was dropped.
func layout(columns []Column, w int) []int {
	widths := make([]int, len(columns))
	for i, c := range columns {
		widths[i] = max(1, c.Min)
	}
	room := w - gridMargin
	for span(widths) > room {
		i := firstToDrop(columns, widths)
		if i < 0 {
			break
		}
		widths[i] = 0
	}
	squeeze(widths, room)
	grow(columns, widths, room-span(widths))
	return widths
}

// span is the room that the columns take with the gaps between them.
func span(widths []int) int {
	sum := 0
	for _, w := range widths {
		if w == 0 {
			continue
		}
		if sum > 0 {
			sum += gridGap
		}
		sum += w
	}
	return sum
}

// firstToDrop is the column with the highest Drop that is still there, the last
// of equals; -1 when none may go.
func firstToDrop(columns []Column, widths []int) int {
	drop := -1
	for i, c := range columns {
		if widths[i] == 0 || c.Drop == 0 {
			continue
		}
		if drop < 0 || c.Drop >= columns[drop].Drop {
			drop = i
		}
	}
	return drop
}

// squeeze takes from the widest column until all fit; on a screen too narrow
// even for that, columns go from the right.
func squeeze(widths []int, room int) {
	for span(widths) > room {
		i := widest(widths)
		if i < 0 {
			return
		}
		if widths[i] > 1 {
			widths[i]--
			continue
		}
		widths[lastShown(widths)] = 0
	}
}

func widest(widths []int) int {
	at := -1
	for i, w := range widths {
		if w > 0 && (at < 0 || w > widths[at]) {
			at = i
		}
	}
	return at
}

func lastShown(widths []int) int {
	for i := len(widths) - 1; i > 0; i-- {
		if widths[i] > 0 {
			return i
		}
	}
	return 0
}

// grow hands out the room that is left by weight, never beyond a column's Max.
func grow(columns []Column, widths []int, room int) {
	for room > 0 {
		total := 0
		for i := range columns {
			total += appetite(columns[i], widths[i])
		}
		if total == 0 {
			return
		}
		given := 0
		for i, c := range columns {
			share := room * appetite(c, widths[i]) / total
			if c.Max > 0 {
				share = min(share, c.Max-widths[i])
			}
			if share > 0 {
				widths[i] += share
				given += share
			}
		}
		if given == 0 {
			growByOne(columns, widths, room)
			return
		}
		room -= given
	}
}

// growByOne hands out a remainder too small to be shared by weight.
func growByOne(columns []Column, widths []int, room int) {
	for i, c := range columns {
		if room > 0 && appetite(c, widths[i]) > 0 {
			widths[i]++
			room--
		}
	}
}

// appetite is the weight of a column that is there and may still grow.
func appetite(c Column, width int) int {
	if width == 0 || c.Weight <= 0 || (c.Max > 0 && width >= c.Max) {
		return 0
	}
	return c.Weight
}

func keysByValue(m map[string]int) []string {
	return slices.SortedFunc(maps.Keys(m), func(a, b string) int { return cmp.Compare(m[a], m[b]) })
}
