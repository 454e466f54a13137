package ui

import (
	"context"
	"errors"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/stateward/stateward/model"
)

// scene is a way to a screen worth looking at.
type scene struct {
	page bool // a page of its own: drawn at every size and theme
	play func(*session) string
}

// theKey and theID are what the sample's operations ask to be typed.
const (
	theKey = "warehouse/terraform.tfstate"
	theID  = "71d89b36-316e-9845-07df-19d02b854eb1"
)

func (s *session) content() string { return s.app.View().Content }

func scenes() map[string]scene {
	return map[string]scene{
		"backends":         {true, func(s *session) string { return s.press("j", "j", "j").content() }},
		"backends-first":   {false, firstFrame},
		"backends-failed":  {false, failedBackends},
		"states":           {true, func(s *session) string { return s.press("j", "enter", "a", "G", "k").content() }},
		"states-filter":    {false, func(s *session) string { return s.press("j", "enter", "/").text("api !staging").content() }},
		"states-none":      {false, func(s *session) string { return s.press("j", "enter", "/").text("nothing").press("enter").content() }},
		"versions":         {true, func(s *session) string { return s.warehouse().press("j").content() }},
		"versions-unread":  {false, func(s *session) string { return s.warehouse().press("j", "j", "j", "j").content() }},
		"versions-deleted": {false, func(s *session) string { return s.warehouse().press("G", "k", "k", "R").content() }},
		"diff":             {true, func(s *session) string { return s.compared().press("G").content() }},
		"diff-failed":      {false, failedDiff},
		"resources":        {true, func(s *session) string { return s.warehouse().press("tab", "j", "j", "j", "right", "j", "j").content() }},
		"resources-filter": {false, func(s *session) string { return s.warehouse().press("tab", "/").text("orders").content() }},
		"resources-broken": {false, brokenBody},
		"outputs":          {true, func(s *session) string { return s.warehouse().press("tab", "tab", "j").content() }},
		"outputs-revealed": {false, func(s *session) string { return s.warehouse().press("tab", "tab", "j", "x").content() }},
		"raw":              {true, func(s *session) string { return s.raw().press("/").text("password").press("enter", "n", "n").content() }},
		"raw-reading":      {false, readingBody},
		"instance": {true, func(s *session) string {
			return s.warehouse().press("tab", "j", "enter", "G", "k", "enter", "j").content()
		}},
		"version":          {false, func(s *session) string { return s.warehouse().press("j", "enter").content() }},
		"state-locks":      {true, func(s *session) string { return s.press("j", "enter", "enter", "tab", "tab", "tab").content() }},
		"locks":            {true, func(s *session) string { return s.press("2").content() }},
		"locks-unreadable": {false, func(s *session) string { return s.press("2", "j").content() }},
		"unlock-working":   {false, workingPlan},
		"unlock":           {true, func(s *session) string { return s.unlock().content() }},
		"unlock-differs":   {false, func(s *session) string { return s.unlock().text("71d9").content() }},
		"unlock-armed":     {false, func(s *session) string { return s.unlock().text(theID).press("tab").content() }},
		"unlock-running":   {true, runningUnlock},
		"unlock-done":      {true, func(s *session) string { return s.unlock().text(theID).press("tab", "enter").content() }},
		"unlock-refused":   {false, refusedPlan},
		"unlock-failed":    {false, failedPlan},
		"unlock-foreign":   {false, foreignHolder},
		"unlock-changed":   {false, changedMeanwhile},
		"restore":          {true, func(s *session) string { return s.warehouse().press("j", "R").wait(time.Second).content() }},
		"restore-broken":   {false, brokenRestore},
		"repair":           {true, func(s *session) string { return s.staging().press("D").wait(time.Second).content() }},
		"repair-turned":    {false, func(s *session) string { return s.staging().press("D", "ctrl+o").wait(time.Second).content() }},
		"interrupted":      {true, func(s *session) string { return s.broken(26 * time.Minute).content() }},
		"interrupted-lock": {true, func(s *session) string { return s.broken(26 * time.Minute).press("2").content() }},
		"under-way-lock":   {false, func(s *session) string { return s.broken(3 * time.Minute).press("2").content() }},
		"recover":          {true, func(s *session) string { return s.broken(26 * time.Minute).press("C").wait(time.Second).content() }},
		"recover-by-hand":  {false, strangeBytes},
		"health":           {true, func(s *session) string { return s.press("3", "j").content() }},
		"health-passes":    {false, func(s *session) string { return s.press("3", "G", "enter", "G").content() }},
		"health-unknown":   {false, func(s *session) string { return s.press("3", "/").text("unknown").press("enter", "j").content() }},
		"health-one":       {false, func(s *session) string { return s.press("j", "j", "h").content() }},
		"finding":          {true, func(s *session) string { return s.press("3", "j", "enter").content() }},
		"journal":          {true, func(s *session) string { return s.history().press("j").content() }},
		"journal-entry":    {true, func(s *session) string { return s.history().press("j", "enter").content() }},
		"journal-unread":   {false, unreadJournal},
		"keys":             {true, func(s *session) string { return s.press("4").content() }},
		"keys-reading":     {false, readingKeys},
		"keys-unread":      {false, func(s *session) string { return s.press("4", "G", "k").content() }},
		"key":              {true, func(s *session) string { return s.press("4", "enter").content() }},
		"key-rotations":    {false, func(s *session) string { return s.press("4", "j", "j", "enter", "G").content() }},
		"encryption":       {true, func(s *session) string { return s.encryption().press("j").content() }},
		"encryption-old":   {false, func(s *session) string { return s.encryption().press("j", "j", "j").content() }},
		"permissions":      {true, func(s *session) string { return s.permissions().content() }},
		"permissions-none": {false, func(s *session) string { return s.press("p").content() }},
		"permissions-deny": {false, func(s *session) string { return s.permissions().press("G").content() }},
		"permission":       {true, func(s *session) string { return s.permissions().press("j", "j", "enter").content() }},
		"leaving":          {false, leavingScene},
		"search":           {true, func(s *session) string { return s.search("vpc-0f1").content() }},
		"search-first":     {false, func(s *session) string { return s.press("5").text("arn:aws").content() }},
		"search-none":      {false, func(s *session) string { s.fleet.search = searchedNothing(); return s.search("vpc-0f2").content() }},
		"search-running":   {false, runningSearch},
		"help":             {true, func(s *session) string { return s.press("2", "?").content() }},
		"commands":         {true, func(s *session) string { return s.press("2", ":").text("copy").content() }},
	}
}

// warehouse goes to the versions of the state that was overwritten.
func (s *session) warehouse() *session { return s.press("G", "k", "enter", "enter") }

// unlock opens the guard on the stale lock, and waits until it listens.
func (s *session) unlock() *session { return s.press("2", "U").wait(time.Second) }

func firstFrame(s *session) string {
	fresh := bare(s.t, s.fleet)
	fresh.app.o, fresh.app.w, fresh.app.h = s.app.o, s.app.w, s.app.h
	fresh.app.restyle()
	fresh.app.layout()
	fresh.manual = true
	fresh.do(fresh.app.Init())
	return fresh.content()
}

func failedBackends(s *session) string {
	s.fleet.listErr = &model.Failure{Kind: model.ErrDenied, Tried: "listing the buckets", On: "account 123456789012",
		Action: "s3:ListAllMyBuckets", Next: "Name a backend instead: stateward s3://BUCKET."}
	return s.press("ctrl+r").content()
}

func unreadJournal(s *session) string {
	s.fleet.unread = errors.New("open ~/.local/state/stateward/journal.jsonl: permission denied")
	return s.press("6").content()
}

func workingPlan(s *session) string {
	s.press("2")
	s.manual = true
	return s.press("U").content()
}

func runningUnlock(s *session) string {
	var seen string
	s.fleet.run = func(_ context.Context, p *model.Plan, _ []string, progress func(model.StepEvent)) model.Result {
		progress(model.StepEvent{Index: 0, Step: model.StepResult{Status: model.StepDone, Detail: "unchanged", Elapsed: 180 * time.Millisecond}})
		progress(model.StepEvent{Index: 1, Step: model.StepResult{Status: model.StepRunning}})
		s.time = s.time.Add(2300 * time.Millisecond)
		s.send(progressMsg{s.app.task})
		seen = s.content()
		return model.Result{Outcome: model.OutcomeDone}
	}
	s.unlock().text(theID).press("tab", "enter")
	return seen
}

func refusedPlan(s *session) string {
	s.fleet.change = func(p *model.Plan) {
		p.Refusals = append(p.Refusals, "the policy of acme-tfstate-payments refuses to remove a lock younger than 8 h")
	}
	return s.unlock().content()
}

func failedPlan(s *session) string {
	s.fleet.planErr = &model.Failure{Kind: model.ErrExpired, Tried: "reading the lock", On: "table acme-locks",
		Next: "Run aws sso login --profile oncall, then try again."}
	return s.unlock().content()
}

func foreignHolder(s *session) string {
	s.fleet.run = func(_ context.Context, p *model.Plan, _ []string, progress func(model.StepEvent)) model.Result {
		progress(model.StepEvent{Index: 0, Step: model.StepResult{Status: model.StepDone, Detail: "unchanged", Elapsed: 180 * time.Millisecond}})
		progress(model.StepEvent{Index: 1, Step: model.StepResult{Status: model.StepFailed, Detail: "ConditionalCheckFailed: another lock is there", Elapsed: 90 * time.Millisecond}})
		progress(model.StepEvent{Index: 2, Step: model.StepResult{Status: model.StepSkipped}})
		l := lockOf("acme-tfstate-payments", p.Key, model.MechanismDynamoDB, "dave@mbp", "OperationTypeApply", "5a0e1b7c-0000-4000-8000-1234567890ab", 4*time.Second)
		return model.Result{Operation: p.Operation, State: p.URL(), Outcome: model.OutcomeRefused, Holder: &l, JournalID: "01JD8Q7W",
			Message: "the lock changed hands after it was shown; the new holder keeps it", Err: model.ErrChanged}
	}
	return s.unlock().text(theID).press("tab", "enter").content()
}

func changedMeanwhile(s *session) string {
	s.unlock()
	other := lockOf("acme-tfstate-payments", "payments/api/terraform.tfstate", model.MechanismDynamoDB, "dave@mbp",
		"OperationTypeApply", "5a0e1b7c-0000-4000-8000-1234567890ab", 4*time.Second)
	s.fleet.locks["acme-tfstate-payments"] = []model.Lock{other}
	return s.text("71d89b").wait(watchEvery).content()
}

func brokenRestore(s *session) string {
	s.fleet.run = func(_ context.Context, p *model.Plan, _ []string, progress func(model.StepEvent)) model.Result {
		for i := range 4 {
			progress(model.StepEvent{Index: i, Step: model.StepResult{Status: model.StepDone, Detail: "200", Elapsed: 210 * time.Millisecond}})
		}
		progress(model.StepEvent{Index: 4, Step: model.StepResult{Status: model.StepFailed, Detail: "no answer in time", Elapsed: 30 * time.Second}})
		return model.Result{Operation: p.Operation, State: p.URL(), Outcome: model.OutcomeInterrupted, JournalID: "01JD8QB2",
			Message: "serial 58 is written, its digest is not; both locks are kept so that nobody reads it half done",
			Next:    model.Hints{{Text: "Finish or undo it with", Command: "stateward recover s3://acme-tfstate-data"}}, Backup: "~/.local/state/stateward/backups/01JD8QB2.tfstate",
			Undo: &model.Undo{VersionID: "9fK2mPq7TzWcR1sX", Command: "stateward restore s3://acme-tfstate-data/warehouse/terraform.tfstate --version-id 9fK2mPq7TzWcR1sX"},
			Err:  errors.New("no answer in time")}
	}
	s.warehouse().press("j", "R").wait(time.Second).text(theKey).press("tab", "enter")
	return s.content()
}

func leavingScene(s *session) string {
	var seen string
	s.fleet.run = func(_ context.Context, p *model.Plan, _ []string, progress func(model.StepEvent)) model.Result {
		progress(model.StepEvent{Index: 1, Step: model.StepResult{Status: model.StepRunning}})
		seen = s.press("q").content()
		return model.Result{Outcome: model.OutcomeDone}
	}
	s.unlock().text(theID).press("tab", "enter")
	return seen
}

// sized opens the sample fleet in a window of a size, in a theme.
func sized(s *session, w, h int, theme string) *session {
	s.app.o.Theme, s.app.o.NoColor = theme, theme == "plain"
	s.app.dark, s.app.noColor = theme != "light", s.app.o.NoColor
	s.app.restyle()
	s.send(tea.WindowSizeMsg{Width: w, Height: h})
	return s
}
