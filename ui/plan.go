package ui

import (
	"context"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/stateward/stateward/model"
	"github.com/stateward/stateward/ui/widget"
)

// planDialog is the guard: it works out a plan, shows it, asks for the tokens,
// runs it, and shows what became of it.
type planDialog struct {
	host    host
	sc      scope
	backend model.Backend
	state   string // its key
	way     way    // the plan shown
	other   *way   // the one that the operator may turn to; nil: there is none

	asking  bool         // for a reason, which the policy demands
	reason  widget.Input // the operator's
	working request
	plan    *model.Plan
	err     error
	confirm widget.Confirm
	quiet   widget.Quiet // before a result can be closed
	task    *task
	ended   bool // the result was seen by the dialog
	watch   watch
	scroll  int
	said    string // why the last key did nothing
}

// planUnlock opens the guard on a forced unlock.
func planUnlock(h host, b model.Backend, key string, r model.UnlockRequest) *planDialog {
	op := h.operator()
	return newPlanDialog(h, b, key, way{title: "Force-unlock", make: func(ctx context.Context, reason string) (*model.Plan, error) {
		r.Reason = reason
		return op.PlanUnlock(ctx, b, key, r)
	}})
}

// planRestore opens the guard on the restore of a version.
func planRestore(h host, b model.Backend, key string, r model.RestoreRequest) *planDialog {
	op := h.operator()
	return newPlanDialog(h, b, key, way{title: "Restore", make: func(ctx context.Context, reason string) (*model.Plan, error) {
		r.Reason = reason
		return op.PlanRestore(ctx, b, key, r)
	}})
}

func newPlanDialog(h host, b model.Backend, key string, w way) *planDialog {
	d := &planDialog{host: h, way: w, backend: b, state: key, asking: b.Policy.RequireReason}
	d.reason.Prompt = "> "
	d.quiet = widget.NewQuiet(h.now())
	return d
}

func (d *planDialog) scope() *scope { return &d.sc }

// open starts to work out the plan, unless a reason is asked for first.
func (d *planDialog) open() tea.Cmd {
	if d.asking {
		return nil
	}
	return d.workOut()
}

func (d *planDialog) workOut() tea.Cmd {
	ctx, at := d.working.begin(&d.sc)
	reason, plan := strings.TrimSpace(d.reason.Value()), d.way.make
	return ask(ctx, at, func(ctx context.Context) (*model.Plan, error) { return plan(ctx, reason) })
}

func (d *planDialog) receive(l letter) tea.Cmd {
	d.watched(l)
	m, ok := l.(answer[*model.Plan])
	if !ok || !d.working.current(m) {
		return nil
	}
	d.plan, d.err = m.value, m.err
	d.foundNone()
	d.quiet = widget.NewQuiet(d.host.now())
	if d.mayRun() {
		d.confirm = widget.NewConfirm(d.host.now(), d.way.title, asks(d.plan)...)
		d.watch = watch{since: d.host.now(), last: d.host.now()}
	}
	return nil
}

// mayRun reports whether the plan may be confirmed.
func (d *planDialog) mayRun() bool {
	return d.plan != nil && d.err == nil && !d.plan.Gone && len(d.plan.Refusals) == 0 && d.watch.changed == ""
}

// asks are the tokens to type, each with the reason for which it is asked.
func asks(p *model.Plan) []widget.Ask {
	var all []widget.Ask
	for i, t := range p.Tokens {
		label := "Type " + t.Label + " to go on"
		if i > 0 && t.Why != "" {
			label = "Type " + t.Label + ": " + t.Why
		}
		all = append(all, widget.Ask{Label: label, Token: t.Value})
	}
	return all
}

func (d *planDialog) running() bool { return d.task != nil && d.task.result == nil }

func (d *planDialog) paste(msg tea.PasteMsg) {
	switch {
	case d.asking:
		d.reason.Paste(msg)
	case d.mayRun() && d.task == nil:
		d.confirm.Paste(d.host.now(), msg)
	}
}

func (d *planDialog) key(msg tea.KeyPressMsg) (tea.Cmd, bool) {
	d.said = ""
	if d.scrolled(msg.Keystroke()) {
		return nil, false
	}
	switch {
	case d.asking:
		return d.keyReason(msg)
	case d.running():
		return d.keyRunning(msg)
	case msg.Keystroke() == "ctrl+y":
		return d.copyCommands(), false
	case msg.Keystroke() == "ctrl+o":
		return d.turn(), false
	case msg.Keystroke() == "ctrl+c":
		return nil, true
	case d.plan == nil && d.err == nil:
		return nil, msg.Keystroke() == "esc"
	case d.task == nil && d.mayRun():
		return d.keyConfirm(msg)
	}
	return nil, d.closes(msg)
}

// scrolled moves through a dialog that is taller than the window.
func (d *planDialog) scrolled(key string) bool {
	switch key {
	case "up":
		d.scroll--
	case "down":
		d.scroll++
	case "pgup":
		d.scroll -= 5
	case "pgdown":
		d.scroll += 5
	default:
		return false
	}
	return true
}

func (d *planDialog) keyReason(msg tea.KeyPressMsg) (tea.Cmd, bool) {
	switch msg.Keystroke() {
	case "esc", "ctrl+c":
		return nil, true
	case "enter":
		if strings.TrimSpace(d.reason.Value()) == "" {
			d.said = "the policy of this backend demands a reason"
			return nil, false
		}
		d.asking = false
		return d.workOut(), false
	}
	if !d.quiet.Swallow(d.host.now()) {
		d.reason.Key(msg)
	}
	return nil, false
}

// keyRunning: an operation is not left by accident.
func (d *planDialog) keyRunning(msg tea.KeyPressMsg) (tea.Cmd, bool) {
	switch msg.String() {
	case "q", "ctrl+c":
		return d.host.leave(), false
	}
	d.said = "it is running; q asks whether to leave"
	return nil, false
}

func (d *planDialog) keyConfirm(msg tea.KeyPressMsg) (tea.Cmd, bool) {
	switch d.confirm.Key(d.host.now(), msg) {
	case widget.Cancelled:
		return nil, true
	case widget.Confirmed:
		d.scroll = 0
		d.task = newTask(d.plan, d.confirm.Typed())
		return d.host.start(d.task), false
	case widget.None:
	}
	return nil, false
}

// closes reports whether a key closes a dialog that has no more to ask. Keys
// typed for what was there before do not.
func (d *planDialog) closes(msg tea.KeyPressMsg) bool {
	if d.task != nil && !d.ended {
		d.ended = true
		d.quiet = widget.NewQuiet(d.task.finished)
	}
	switch msg.String() {
	case "esc", "enter", "q":
		return !d.quiet.Swallow(d.host.now())
	}
	return false
}

// copyCommands copies the commands that do the same by hand; at the end those
// that take it back or finish it.
func (d *planDialog) copyCommands() tea.Cmd {
	if d.task != nil {
		if cmds := followUps(d.task.result); len(cmds) > 0 {
			return d.host.copiedCommands(plural(len(cmds), "command"), cmds...)
		}
		d.said = "there is no command to copy"
		return nil
	}
	cmds := planCommands(d.plan)
	if len(cmds) == 0 {
		d.said = "there is no command to copy"
		return nil
	}
	d.said = "copied " + plural(len(cmds), "command")
	return d.host.copiedCommands("the commands", cmds...)
}

// planCommands are the commands that a plan names: what to do instead where it
// must not run, else the same by hand.
func planCommands(p *model.Plan) []string {
	if p == nil {
		return nil
	}
	if instead := p.Instead.Commands(); len(instead) > 0 {
		return instead
	}
	return p.Manual.Commands()
}

// followUps are the commands that a result names, and nothing else: what takes
// back what is done, else what goes on from where it stopped.
func followUps(r *model.Result) []string {
	if takesBack(r) {
		return []string{r.Undo.Command}
	}
	return r.Next.Commands()
}

func takesBack(r *model.Result) bool {
	return r.Outcome == model.OutcomeDone && r.Undo != nil && r.Undo.Command != ""
}

// actions are the keys of the guard, for the help page and the docs; key binds
// them, since what is typed is text first.
func (d *planDialog) actions() []action {
	return []action{
		{keys: []string{"tab"}, name: "complete", help: "complete the token after 8 characters, else move to the other button"},
		{keys: []string{"enter"}, name: "press", help: "press the button that has the focus; Cancel has it at first"},
		{keys: []string{"esc", "ctrl+c"}, name: "cancel", help: "close, and change nothing"},
		{keys: []string{"ctrl+y"}, name: "commands", help: "copy the commands that do the same by hand, or take it back"},
		{keys: []string{"ctrl+o"}, name: "other way", help: "of a repair: restore the version that the digest belongs to, and back"},
		{keys: []string{"up", "down", "pgup", "pgdown"}, name: "scroll", help: "move through a plan taller than the window"},
	}
}
