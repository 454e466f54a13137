package ui

import (
	"math/rand/v2"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
)

// noise is what a terminal may send at any time: sizes, the mouse, pasted
// megabytes, focus, a program that was stopped and goes on, and keys.
func noise(r *rand.Rand) tea.Msg {
	at := tea.Mouse{X: r.IntN(600) - 50, Y: r.IntN(300) - 50}
	switch r.IntN(12) {
	case 0, 1, 2:
		return tea.WindowSizeMsg{Width: r.IntN(500) + 1, Height: r.IntN(200) + 1}
	case 3:
		return tea.WindowSizeMsg{Width: r.IntN(4), Height: r.IntN(4)}
	case 4:
		return tea.MouseClickMsg(at)
	case 5:
		return tea.MouseWheelMsg(at)
	case 6:
		return tea.PasteMsg{Content: strings.Repeat("a\x1b[31m東\u202e\x00 ", 64<<10)} // about a megabyte
	case 7:
		return []tea.Msg{tea.FocusMsg{}, tea.BlurMsg{}, tea.ResumeMsg{}, tea.SuspendMsg{}}[r.IntN(4)]
	default:
		keys := []string{"j", "k", "G", "g", "/", "esc", "enter", "tab", "up", "pgdown", "o", "O", "x", "y", "space", "d", "n", "?", ":", "w", "[", "]", "left", "right", "backspace"}
		return keyPress(keys[r.IntN(len(keys))])
	}
}

// TestNoiseOnEveryPage: whatever a terminal sends, nothing panics, and each frame
// fits the window of that moment.
func TestNoiseOnEveryPage(t *testing.T) {
	for name, sc := range scenes() {
		if !sc.page {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same noise each time
			s := open(t, sampleFleet())
			sc.play(s)
			size := tea.WindowSizeMsg{Width: 80, Height: 24}
			for range 25 {
				msg := noise(r)
				if is, ok := msg.(tea.WindowSizeMsg); ok {
					size = is
				}
				s.send(msg)
				if got := s.content(); size.Width > 0 && size.Height > 0 {
					clean(t, got, size.Width, size.Height)
				}
			}
		})
	}
}
