package ui

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/stateward/stateward/model"
)

// session drives an App the way the program does, without one: it runs commands
// in order and hands their messages back. Time passes only when told to.
type session struct {
	t      *testing.T
	app    *App
	fleet  *fake
	time   time.Time
	copied string
	quit   bool
	manual bool // commands are kept instead of run
	kept   []tea.Cmd
}

// open starts a session in a window of 80x24 unless the options say otherwise.
func open(t *testing.T, f *fake, change ...func(*Options)) *session {
	t.Helper()
	s := bare(t, f, change...)
	s.do(s.app.Init())
	return s
}

// bare makes a session whose App is not started yet.
func bare(t *testing.T, f *fake, change ...func(*Options)) *session {
	s := &session{t: t, fleet: f, time: theTime}
	o := Options{Reader: f, Operator: f, Journal: f.journal, Profile: "oncall", Region: "eu-west-1", Theme: "dark", NoColor: true,
		Program: model.Program{Flags: []string{"--profile=oncall", "--region=eu-west-1"}}, Now: func() time.Time { return s.time }}
	for _, c := range change {
		c(&o)
	}
	s.app = New(o)
	s.app.later = func(context.Context, time.Duration, tea.Msg) tea.Cmd { return nil }
	s.send(tea.WindowSizeMsg{Width: 80, Height: 24})
	return s
}

// send delivers a message and runs all that follows from it.
func (s *session) send(msg tea.Msg) {
	_, cmd := s.app.Update(msg)
	s.do(cmd)
}

func (s *session) do(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	if s.manual {
		s.kept = append(s.kept, cmd)
		return
	}
	switch msg := cmd().(type) {
	case nil:
	case tea.BatchMsg:
		for _, c := range msg {
			s.do(c)
		}
	case tea.QuitMsg:
		s.quit = true
	default:
		if v := reflect.ValueOf(msg); v.Kind() == reflect.String && strings.Contains(fmt.Sprintf("%T", msg), "lipboard") {
			s.copied = v.String()
		}
		s.send(msg)
	}
}

// run runs the commands that were kept, and lets what follows run as well.
func (s *session) run() {
	kept := s.kept
	s.manual, s.kept = false, nil
	for _, cmd := range kept {
		s.do(cmd)
	}
}

// press presses keys, written as in the tables of actions.
func (s *session) press(keys ...string) *session {
	for _, k := range keys {
		s.send(keyPress(k))
	}
	return s
}

// text types characters.
func (s *session) text(text string) *session {
	for _, r := range text {
		s.send(tea.KeyPressMsg{Code: r, Text: string(r)})
	}
	return s
}

// wait lets time pass.
func (s *session) wait(d time.Duration) *session {
	s.time = s.time.Add(d)
	s.send(clockMsg{})
	return s
}

func (s *session) resize(w, h int) *session {
	s.send(tea.WindowSizeMsg{Width: w, Height: h})
	return s
}

// screen is what is on the screen, without colour.
func (s *session) screen() string { return ansi.Strip(s.app.View().Content) }

// sees fails unless the screen has all texts.
func (s *session) sees(texts ...string) *session {
	s.t.Helper()
	screen := s.screen()
	flat := strings.Join(strings.Fields(strings.ReplaceAll(screen, "│", "")), " ") // for text that was wrapped
	for _, want := range texts {
		if !strings.Contains(screen, want) && !strings.Contains(flat, want) {
			s.t.Fatalf("%q is not on the screen:\n%s", want, screen)
		}
	}
	return s
}

func (s *session) missing(texts ...string) *session {
	s.t.Helper()
	screen := s.screen()
	for _, no := range texts {
		if strings.Contains(screen, no) {
			s.t.Fatalf("%q is on the screen:\n%s", no, screen)
		}
	}
	return s
}

// keyPress makes the message of a key from its name.
func keyPress(name string) tea.KeyPressMsg {
	special := map[string]rune{"enter": tea.KeyEnter, "esc": tea.KeyEscape, "tab": tea.KeyTab, "up": tea.KeyUp, "down": tea.KeyDown,
		"left": tea.KeyLeft, "right": tea.KeyRight, "pgup": tea.KeyPgUp, "pgdown": tea.KeyPgDown, "home": tea.KeyHome,
		"end": tea.KeyEnd, "backspace": tea.KeyBackspace, "space": tea.KeySpace}
	mod := tea.KeyMod(0)
	if rest, ok := strings.CutPrefix(name, "ctrl+"); ok {
		name, mod = rest, tea.ModCtrl
	}
	if rest, ok := strings.CutPrefix(name, "shift+"); ok {
		name, mod = rest, mod|tea.ModShift
	}
	if code, ok := special[name]; ok {
		k := tea.KeyPressMsg{Code: code, Mod: mod}
		if name == "space" {
			k.Text = " "
		}
		return k
	}
	r := []rune(name)[0]
	if mod != 0 {
		return tea.KeyPressMsg{Code: r, Mod: mod}
	}
	return tea.KeyPressMsg{Code: r, Text: name}
}
