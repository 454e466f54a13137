package ui

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/stateward/stateward/model"
)

// hostile is what an attacker who can write to a bucket or a table may put into
// any text that the pages show.
const hostile = "k\x1b]0;owned\x07\x1b[2J\x1b[31m\r\n\t\u202eevil\u200b\u2028\u0085\x9b31m\xff\u00a0e\u0301\u0301\u0301\u0301\u0301\u0301👩‍👩‍👧‍👦🇩🇪"

// hostileFleet has hostile text, and text of 10 kB, wherever there is text.
func hostileFleet() *fake {
	f := sampleFleet()
	evil := func(what string) string { return hostile + what + strings.Repeat("x", 10_000) + hostile }
	f.who = model.Identity{Account: evil("account"), Profile: evil("profile"), Region: evil("region")}
	b := model.Backend{Name: evil("name"), Bucket: "bucket", Prefix: evil("prefix"), Source: model.Source(evil("source")), Region: evil("r")}
	f.backends = []model.Backend{b}
	f.facts = map[string]model.BackendFacts{"bucket": {
		Region: model.Known(evil("region")), Versioning: model.Known(model.Versioning(evil("versioning"))),
		Encryption: model.Known(model.Encryption{Algorithm: evil("alg"), KMSKeyID: evil("key")}),
		Tables:     model.Known([]string{evil("table")}), States: model.Unknown[int](evil("reason")),
		LastWrite: model.Unknown[time.Time](evil("reason")),
	}}
	key := evil("state")
	head := model.StateHeader{Format: model.FormatInvalid, Problem: evil("problem"), TerraformVersion: ptr(evil("tool")), Lineage: ptr(evil("lineage")), Ambiguous: []string{evil("amb")}}
	s := model.State{Bucket: "bucket", Key: key, Workspace: evil("ws"), VersionID: evil("v"), LastModified: theTime}
	f.states = map[string][]model.State{"bucket": {s}}
	f.problem = map[string][]string{"bucket": {evil("problem"), evil("a"), evil("b"), evil("c")}}
	f.read = map[string]model.StateFacts{b.URL(key): {Header: model.Known(head), Resources: model.Unknown[int](evil("res")),
		Encryption: model.Known(model.Encryption{Algorithm: evil("alg"), KMSKeyID: evil("kms")}), Locked: model.Known(true),
		Digest: model.Known(model.DigestVerdict(evil("digest")))}}
	f.versions = map[string][]model.Version{b.URL(key): {{VersionID: evil("id"), LastModified: theTime, WhyNot: evil("why"), Restorable: model.Known(true),
		Facts: model.VersionFacts{Header: model.Known(head), Resources: model.Unknown[int](evil("r")), Encryption: model.Unknown[model.Encryption](evil("e"))}}}}
	f.hostilePast(b.URL(key), head, evil)
	for i := range f.versions[b.URL(key)] { // so that R goes on to the plan
		f.versions[b.URL(key)][i].Restorable = model.Known(true)
	}
	l := model.Lock{Bucket: "bucket", Key: key, Mechanism: model.MechanismDynamoDB, Table: evil("table"), Raw: []byte(evil("raw")),
		Info:      model.LockInfo{ID: evil("id"), Operation: evil("op"), Info: evil("info"), Who: evil("who"), Version: evil("version"), Path: evil("path")},
		Malformed: evil("malformed"), Verdict: model.Verdict(evil("verdict")), Evidence: []model.Evidence{{Rule: "r", Text: evil("text"), PointsTo: evil("to")}}}
	f.locks = map[string][]model.Lock{"bucket": {l}}
	valid := func(what string) string { return strings.ToValidUTF8(evil(what), "") } // JSON holds no other text
	record, err := model.RecoveryRecord{Operation: model.Operation(valid("op")), ID: valid("id"), NewMD5: valid("md5"), Host: valid("host")}.Info()
	if err != nil {
		panic(err) // a fixture
	}
	ours := l
	ours.Mechanism, ours.Info.ID, ours.Info.Info = model.MechanismLockfile, evil("other"), record
	f.locks["bucket"] = append(f.locks["bucket"], ours)
	f.entries = hostileJournal(evil)
	f.unread = errors.New(evil("unread"))
	f.denied = []model.Denial{{Who: evil("who"), Call: evil("call"), Action: evil("action"), Resource: "arn:aws:s3:::bucket/" + key, Said: evil("said"), Policy: evil("policy")},
		{Who: evil("who"), Action: "s3:GetObject", Resource: evil("resource"), Said: evil("said"), Policy: evil("policy"), Explicit: true}}
	f.bodies = map[string]string{b.URL(key): hostileBody(evil)}
	f.blind = map[string][]string{"bucket": {evil("blind")}}
	f.hostileKeys(b, key, evil)
	f.health = map[string]model.HealthFacts{"bucket": hostileHealth(b, evil)}
	f.change = func(p *model.Plan) {
		p.Facts = append(p.Facts, model.PlanLine{Label: evil("label"), Text: evil("fact")})
		p.Warnings = append(p.Warnings, evil("warning"))
		p.Undo = model.Hint{Text: evil("undo"), Command: evil("undo command")}
		p.Instead = append(p.Instead, model.Hint{Text: evil("instead"), Command: evil("instead command")})
		p.Manual = append(p.Manual, model.Hint{Text: evil("manual"), Command: evil("manual command")})
		p.Steps = append(p.Steps, model.PlanStep{Name: evil("step"), Does: evil("does"), Condition: evil("condition")})
	}
	f.run = func(_ context.Context, p *model.Plan, _ []string, progress func(model.StepEvent)) model.Result {
		progress(model.StepEvent{Index: 0, Step: model.StepResult{Name: evil("n"), Status: model.StepFailed, Detail: evil("detail")}})
		return model.Result{Operation: p.Operation, State: evil("state"), Outcome: model.Outcome(evil("outcome")), Message: evil("message"), Holder: &l,
			Next: model.Hints{{Text: evil("next"), Command: evil("next command")}}, Undo: &model.Undo{VersionID: evil("v"), Command: evil("cmd")}, Backup: evil("backup"), JournalID: evil("j"), Err: errors.New(evil("err"))}
	}
	return f
}

// hostilePast puts hostile text into what the versions of a state are judged by:
// those who wrote them, their lineages, tools and encryption.
func (f *fake) hostilePast(url string, head model.StateHeader, evil func(string) string) {
	head.Format, head.Problem = model.FormatV4, ""
	for i := range 3 {
		head.Lineage = ptr(evil("lineage") + strings.Repeat("y", i))
		f.versions[url] = append(f.versions[url], model.Version{VersionID: evil("id") + strings.Repeat("y", i), LastModified: theTime.Add(-time.Duration(i+1) * time.Hour), Size: 1, ETag: evil("e"),
			Facts: model.VersionFacts{Header: model.Known(head), Resources: model.Known(3), Encryption: model.Known(model.Encryption{Algorithm: evil("alg"), KMSKeyID: evil("key")})}})
	}
	f.past.wants = model.Known(model.Encryption{Algorithm: evil("other"), KMSKeyID: evil("key")})
	f.past.history = []model.Version{{VersionID: evil("run"), LastModified: theTime.Add(-9 * time.Hour)}}
	f.past.infos = map[string]model.Fact[model.LockInfo]{evil("run"): model.Known(model.LockInfo{ID: evil("id"), Who: evil("who"), Operation: evil("op")})}
}

// hostileJournal is one operation with hostile text wherever there is text. The
// journal is the operator's own, but it quotes what others wrote.
func hostileJournal(evil func(string) string) []model.JournalEntry {
	entries := []model.JournalEntry{
		{Event: "plan", Reason: evil("reason"), Plan: []string{evil("plan")}, Locks: []string{evil("lock")},
			Sums: map[string]string{evil("sum"): evil("md5")}, Versions: map[string]string{evil("name"): evil("id")}},
		{Event: "request", Request: &model.JournalRequest{Service: evil("s"), Call: evil("c"), Target: evil("t"), Condition: evil("if")}},
		{Event: "answer", Answer: &model.JournalAnswer{Call: evil("c"), Status: 400, Error: evil("e"), RequestID: evil("r"), VersionID: evil("v")}},
		{Event: "step", Step: &model.StepResult{Name: evil("n"), Status: model.StepFailed, Detail: evil("d")}},
		{Event: evil("event")},
		{Event: "end", Outcome: model.Outcome(evil("outcome")), Message: evil("message"), Undo: evil("undo"), Backup: evil("backup")},
	}
	for i := range entries {
		e := &entries[i]
		e.ID, e.Time, e.Operation, e.State = evil("id"), theTime, model.Operation(evil("op")), evil("state")
		e.Operator, e.Host, e.PID = evil("who"), evil("host"), 1
	}
	return entries
}

func TestHostileTextNeverReachesTheTerminal(t *testing.T) {
	pages := map[string]string{
		"backends":         "",
		"backends, failed": "ctrl+r",
		"states":           "enter",
		"filter":           "enter /",
		"versions":         "enter enter",
		"an odd version":   "enter enter n",
		"a suggestion":     "enter enter s",
		"state's locks":    "enter enter tab tab tab",
		"resources":        "enter enter tab",
		"a module":         "enter enter tab j enter j",
		"an instance":      "enter enter tab enter enter j enter",
		"outputs":          "enter enter tab tab",
		"an output":        "enter enter tab tab x",
		"raw":              "enter enter shift+tab G enter j",
		"raw, searched":    "enter enter shift+tab / e v i l enter n enter",
		"locks":            "2",
		"unlock":           "2 U",
		"restore":          "enter enter R",
		"help":             "2 ?",
		"commands":         "2 :",
		"status line":      "y",
		"repair":           "enter D",
		"recover":          "2 C",
		"journal":          "6",
		"an entry":         "6 enter",
		"health":           "3",
		"health, a line":   "3 j",
		"a finding":        "3 j enter",
		"health of one":    "h G enter",
		"keys":             "4",
		"a KMS key":        "4 enter",
		"its last lines":   "4 enter G",
		"encryption":       "enter enter tab tab",
		"its lock file":    "enter enter tab tab j j j",
		"its client side":  "enter enter tab tab G",
		"the entry's end":  "6 enter G",
		"an entry, unread": "6 enter ctrl+r",
		"permissions":      "p",
		"a denied action":  "p enter",
		"an explicit deny": "p G enter",
		"a statement":      "p y",
	}
	for name, keys := range pages {
		for _, size := range [][2]int{{80, 24}, {120, 40}, {40, 10}} {
			for _, theme := range []string{"dark", "plain"} {
				t.Run(fmt.Sprintf("%s %dx%d %s", name, size[0], size[1], theme), func(t *testing.T) {
					s := sized(open(t, hostileFleet(), func(o *Options) { o.Endpoint = hostile }), size[0], size[1], theme)
					if strings.Contains(name, "failed") {
						s.fleet.listErr = &model.Failure{Kind: model.ErrDenied, Tried: hostile, On: hostile, Action: hostile, Next: hostile}
					}
					s.press(strings.Fields(keys)...)
					if name == "filter" {
						s.send(tea.PasteMsg{Content: hostile})
					}
					clean(t, s.content(), size[0], size[1])
				})
			}
		}
	}
}

func TestHostileResultsNeverReachTheTerminal(t *testing.T) {
	f := hostileFleet()
	s := open(t, f)
	for _, keys := range []string{"2 U", "enter enter R", "enter D", "C"} {
		s.press(strings.Fields(keys)...).wait(time.Second)
		top := s.app.dialogs[len(s.app.dialogs)-1].(*planDialog)
		top.task = newTask(top.plan, nil)
		s.do(s.app.start(top.task))
		clean(t, s.content(), 80, 24)
		s.wait(time.Second).press("ctrl+y", "esc", "esc", "1", "1")
		if strings.ContainsAny(s.copied, "\x1b\r\x07") {
			t.Errorf("hostile text was copied: %q", s.copied)
		}
	}
}

func TestHostileKeysAreCopiedEscaped(t *testing.T) {
	s := open(t, hostileFleet())
	s.press("enter", "y").sees("unprintable characters escaped")
	if strings.ContainsAny(s.copied, "\x1b\r\n\x07") {
		t.Errorf("copied %q", s.copied[:80])
	}
	s.press("enter", "Y")
	if strings.ContainsAny(s.copied, "\x1b\r\n\x07") || !strings.Contains(s.copied, `"$(printf 's3://bucket/k\033]0;owned`) {
		t.Errorf("copied %q", s.copied[:80])
	}
}

// hostileBody is a state with hostile text wherever a state has text.
func hostileBody(text func(string) string) string {
	evil := func(what string) string { return strings.ToValidUTF8(text(what), "") } // JSON holds no other text
	object := map[string]any{evil("name"): evil("value"), "list": []any{evil("a"), map[string]any{evil("b"): 1}}}
	resource := func(module string) map[string]any {
		return map[string]any{"module": module, "mode": "managed", "type": evil("type"), "name": evil("name"), "provider": evil("provider"),
			"instances": []any{map[string]any{"index_key": evil("key"), "attributes": object}, map[string]any{"deposed": evil("deposed"), "attributes": object}}}
	}
	doc, err := json.Marshal(map[string]any{"version": 4, "serial": 1, "terraform_version": evil("tool"), "lineage": evil("lineage"), evil("top"): evil("level"),
		"outputs":   map[string]any{evil("out"): map[string]any{"value": object, "type": []any{evil("t"), evil("u")}}, "secret": map[string]any{"value": evil("s"), "sensitive": true}},
		"resources": []any{resource(""), resource(evil("module")), resource(`module.a["` + evil("x") + `"].module.b`)}})
	if err != nil {
		panic(err) // a fixture
	}
	return string(doc)
}
