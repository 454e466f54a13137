package ui

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/stateward/stateward/model"
)

// expiresSoon is how long before their end credentials are warned of.
const expiresSoon = 15 * time.Minute

// progressEvery is how often the progress of a running task is read.
const progressEvery = 100 * time.Millisecond

// task is an operation that runs. It outlives pages: its context is that of
// the program. The operator's goroutine leaves the newest of each step in an
// atomic; a tick reads them, only while the task runs.
type task struct {
	plan     *model.Plan
	typed    []string
	began    time.Time
	result   *model.Result // set on the update loop when it has ended
	finished time.Time     // when that was

	cancel context.CancelFunc
	steps  []atomic.Pointer[stepNews]
	phase  atomic.Int32 // phaseNew, phaseRunning or phaseDropped
	done   chan struct{}
	answer model.Result // readable once done is closed
}

// stepNews is the newest of one step and when it came.
type stepNews struct {
	model.StepResult
	at time.Time
}

const (
	phaseNew int32 = iota
	phaseRunning
	phaseDropped
)

type (
	progressMsg struct{ task *task }
	taskMsg     struct{ task *task }
)

func newTask(plan *model.Plan, typed []string) *task {
	return &task{plan: plan, typed: typed, steps: make([]atomic.Pointer[stepNews], len(plan.Steps)), done: make(chan struct{})}
}

// run runs the operation to its end. It is the only place where it is started,
// so a program that ended first can still drop it.
func (t *task) run(ctx context.Context, op Operator, now func() time.Time) tea.Cmd {
	return func() tea.Msg {
		if !t.phase.CompareAndSwap(phaseNew, phaseRunning) {
			return nil
		}
		defer close(t.done) // whatever happens: whoever leaves waits for it
		t.answer = t.survived(func() model.Result {
			return op.Run(ctx, t.plan, t.typed, func(e model.StepEvent) { t.heard(e, now()) })
		})
		return taskMsg{t}
	}
}

// survived is how the operation ended, also where the program has a fault: the
// operator must be told, and no sooner than the terminal is whole again.
func (t *task) survived(run func() model.Result) (r model.Result) {
	defer func() {
		if p := recover(); p != nil {
			r = model.Result{Operation: t.plan.Operation, State: t.plan.URL(), Outcome: model.OutcomeInterrupted,
				Message: fmt.Sprintf("a fault of stateward itself: %v", p),
				Next:    model.Hints{{Text: "Look at the locks of the state, and finish or undo what was begun with recover."}}}
		}
	}()
	return run()
}

// heard keeps news of a step; it is called from the operator's goroutines.
func (t *task) heard(e model.StepEvent, at time.Time) {
	if e.Index >= 0 && e.Index < len(t.steps) {
		t.steps[e.Index].Store(&stepNews{e.Step, at})
	}
}

// step is the newest of step i, nil when nothing was heard of it.
func (t *task) step(i int) *stepNews {
	if i >= len(t.steps) {
		return nil
	}
	return t.steps[i].Load()
}

// outcome waits for a task that runs, and is false for one that never started.
func (t *task) outcome() (model.Result, bool) {
	if t.phase.CompareAndSwap(phaseNew, phaseDropped) {
		return model.Result{}, false
	}
	<-t.done
	return t.answer, true
}

// start runs a task beside the pages.
func (a *App) start(t *task) tea.Cmd {
	var ctx context.Context
	ctx, t.cancel = context.WithCancel(a.sc.ctx)
	t.began = a.now()
	a.task = t
	return tea.Batch(t.run(ctx, a.o.Operator, a.o.Now), a.after(progressEvery, progressMsg{t}))
}

// progressed keeps the screen up to date while the task runs.
func (a *App) progressed(msg progressMsg) tea.Cmd {
	if a.task != msg.task {
		return nil
	}
	return a.after(progressEvery, msg)
}

// taskEnded shows what became of the task and reads the page beneath again.
func (a *App) taskEnded(msg taskMsg) tea.Cmd {
	if a.task != msg.task {
		return nil
	}
	msg.task.cancel()
	msg.task.result, msg.task.finished = &msg.task.answer, a.now()
	a.dismissLeaving()
	if a.quitting || a.sc.ctx.Err() != nil {
		return tea.Quit // and Run reports what became of it
	}
	a.task, a.note = nil, note{}
	a.known.round++
	for _, t := range a.tops {
		for _, p := range t.pages {
			if list, ok := p.(interface{ unlocked([]model.Lock) }); ok {
				list.unlocked(removedBy(msg.task))
			}
			p.outdate()
		}
	}
	return tea.Batch(a.top().refresh(), a.lookAfter(msg.task))
}

// removedBy are the locks that a task has removed for sure.
func removedBy(t *task) []model.Lock {
	outcome := t.result.Outcome
	if t.plan.Unlock == nil || outcome != model.OutcomeDone && outcome != model.OutcomeAlreadyGone {
		return nil
	}
	return t.plan.Unlock.Victims
}
