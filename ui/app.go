package ui

import (
	"context"
	"os"
	"strconv"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"github.com/stateward/stateward/model"
	"github.com/stateward/stateward/ui/widget"
)

// App is the root of the user interface: the stack of pages, the dialogs over
// it, who asks, and the operation that runs.
type App struct {
	o  Options
	sc *scope // ends with the program

	st      widget.Styles
	dark    bool
	noColor bool
	w, h    int

	ids     pageID
	tops    []*topPage
	at      int // the top page shown
	before  int // the top page shown before it
	dialogs []dialog
	known   fleet
	banner  bool // an interrupted operation is told of, on a line of its own
	look    look

	identity model.Fact[model.Identity]
	note     note
	task     *task
	quitting bool // leave as soon as the task has ended

	// later delays a message; tests put their own clock here.
	later func(ctx context.Context, d time.Duration, msg tea.Msg) tea.Cmd
}

// note is what the status line says for a while.
type note struct {
	cell  widget.Cell
	until time.Time
}

// noteTime is how long a note stays.
const noteTime = 8 * time.Second

// Messages of the App itself.
type (
	clockMsg    struct{} // once a second
	identityMsg struct {
		who model.Identity
		err error
	}
)

// New makes the App of a program that is not cancelled from outside; see [Run].
func New(o Options) *App { return newApp(context.Background(), o) }

func newApp(ctx context.Context, o Options) *App {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Refresh <= 0 {
		o.Refresh = 30 * time.Second
	}
	a := &App{o: o, sc: rootScope(ctx), dark: guessDark(o.Theme, os.Getenv("COLORFGBG")), noColor: o.NoColor, later: sleep}
	a.restyle()
	a.tops = topPages(a)
	for _, t := range a.tops {
		a.adopt(t.pages[0], a.sc)
	}
	return a
}

// guessDark guesses the background until the terminal tells it, from the theme
// asked for or from COLORFGBG: "15;0" is white on black.
func guessDark(theme, colorfgbg string) bool {
	if theme == "dark" || theme == "light" {
		return theme == "dark"
	}
	_, background, ok := cutLast(colorfgbg, ";")
	n, err := strconv.Atoi(background)
	if !ok || err != nil {
		return true
	}
	return n != 7 && n < 9
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// sleep delivers a message after d, or nothing when ctx ends before.
func sleep(ctx context.Context, d time.Duration, msg tea.Msg) tea.Cmd {
	return func() tea.Msg {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
			return msg
		case <-ctx.Done():
			return nil
		}
	}
}

// Init asks who we are and shows the first page. Nothing here waits for the
// terminal or the network.
func (a *App) Init() tea.Cmd {
	cmds := []tea.Cmd{a.whoAmI(), a.clock()}
	if len(a.o.Targets) == 1 {
		// The list of states reads no locks, and an interrupted operation must be
		// told of at once.
		cmds = append(cmds, a.push(newStatesPage(a, a.o.Targets[0])), a.lookAt(a.o.Targets[0], ""))
	} else {
		cmds = append(cmds, a.top().enter())
	}
	if a.o.Theme == "" || a.o.Theme == "auto" {
		cmds = append(cmds, tea.RequestBackgroundColor)
	}
	return tea.Batch(cmds...)
}

func (a *App) whoAmI() tea.Cmd {
	ctx, read := a.sc.ctx, a.o.Reader
	return func() tea.Msg {
		who, err := read.Identity(ctx)
		return identityMsg{who, err}
	}
}

func (a *App) clock() tea.Cmd { return a.after(time.Second, clockMsg{}) }

// Update handles one message. It never blocks.
func (a *App) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	cmd := a.handle(msg)
	if a.banner != a.wantsBanner() {
		a.look.last = a.now()
		a.layout()
	}
	if wanted := a.top().wanted(); wanted != nil {
		cmd = tea.Batch(cmd, wanted)
	}
	return a, cmd
}

func (a *App) handle(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		a.w, a.h = msg.Width, msg.Height
		a.layout()
	case tea.KeyPressMsg:
		return a.pressed(msg)
	case tea.PasteMsg:
		a.pasted(msg)
	case letter:
		return a.deliver(msg)
	case clockMsg:
		return tea.Batch(a.clock(), a.second(), a.lookAgain())
	case progressMsg:
		return a.progressed(msg)
	case taskMsg:
		return a.taskEnded(msg)
	case lookMsg:
		a.looked(msg)
	case identityMsg:
		a.identity = model.FactOf(msg.who, msg.err)
	default:
		a.adapt(msg)
	}
	return nil
}

// adapt follows what the terminal says of itself.
func (a *App) adapt(msg tea.Msg) {
	switch msg := msg.(type) {
	case tea.BackgroundColorMsg:
		if a.o.Theme == "" || a.o.Theme == "auto" {
			a.dark = msg.IsDark()
		}
	case tea.ColorProfileMsg:
		a.noColor = a.o.NoColor || msg.Profile <= colorprofile.ASCII
	default:
		return
	}
	a.restyle()
}

func (a *App) restyle() { a.st = widget.NewStyles(a.dark, a.noColor) }

// deliver hands an answer to the page or dialog that asked, if it is still there.
func (a *App) deliver(l letter) tea.Cmd {
	for _, d := range a.dialogs {
		if d.scope().id == l.to().page {
			return d.receive(l)
		}
	}
	for _, t := range a.tops {
		for _, p := range t.pages {
			if p.scope().id == l.to().page {
				return p.receive(l)
			}
		}
	}
	return nil
}

// second is what happens once a second.
func (a *App) second() tea.Cmd {
	if a.now().After(a.note.until) {
		a.note = note{}
	}
	if len(a.dialogs) > 0 {
		return a.dialogs[len(a.dialogs)-1].tick()
	}
	return a.top().tick()
}

func (a *App) pasted(msg tea.PasteMsg) {
	if n := len(a.dialogs); n > 0 {
		a.dialogs[n-1].paste(msg)
		return
	}
	a.top().paste(msg)
}
