package aws_test

import (
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/stateward/stateward/aws"
	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/model"
)

// fromTheChain are calls that the SDK's credential chain makes, and no code of ours.
func fromTheChain() []string { return []string{"sts AssumeRole"} }

// services are the packages of the SDK whose clients the code uses.
func services() map[string]reflect.Type {
	return map[string]reflect.Type{"s3": reflect.TypeFor[*s3.Client](), "dynamodb": reflect.TypeFor[*dynamodb.Client](),
		"kms": reflect.TypeFor[*kms.Client](), "sts": reflect.TypeFor[*sts.Client](), "s3control": reflect.TypeFor[*s3control.Client]()}
}

// source is what the code of package aws does, by function.
type source struct {
	calls   map[string][]string // operations, "s3 GetObject", by function
	actions map[string][]string // IAM actions in its texts, by function
	methods []string            // methods of any service that are called by name
}

// readSource parses the package's own files.
func readSource(t *testing.T) source {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	src := source{calls: map[string][]string{}, actions: map[string][]string{}}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		imports := serviceImports(file)
		for _, d := range file.Decls {
			src.read(name+":"+declName(d), d, imports)
		}
	}
	return src
}

// serviceImports are the names under which a file knows packages of services.
func serviceImports(file *ast.File) map[string]string {
	names := map[string]string{}
	for _, i := range file.Imports {
		path, _ := strconv.Unquote(i.Path.Value)
		service, ok := strings.CutPrefix(path, "github.com/aws/aws-sdk-go-v2/service/")
		if !ok || strings.Contains(service, "/") {
			continue
		}
		name := service
		if i.Name != nil {
			name = i.Name.Name
		}
		names[name] = service
	}
	return names
}

func declName(d ast.Decl) string {
	if f, ok := d.(*ast.FuncDecl); ok {
		return f.Name.Name
	}
	return ""
}

// read notes every input of an operation ("s3.GetObjectInput"), every call of a
// method that is an operation's, and every text that is an IAM action.
func (src *source) read(where string, d ast.Decl, imports map[string]string) {
	ast.Inspect(d, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			pkg, ok := n.X.(*ast.Ident)
			operation, input := strings.CutSuffix(n.Sel.Name, "Input")
			if ok && input && imports[pkg.Name] != "" && isOperation(imports[pkg.Name], operation) {
				src.calls[where] = append(src.calls[where], imports[pkg.Name]+" "+operation)
			}
		case *ast.CallExpr:
			if f, ok := n.Fun.(*ast.SelectorExpr); ok && slices.ContainsFunc(slices.Collect(maps.Keys(services())), func(s string) bool { return isOperation(s, f.Sel.Name) }) {
				src.methods = append(src.methods, f.Sel.Name)
			}
		case *ast.BasicLit:
			if text, err := strconv.Unquote(n.Value); err == nil && isAction(text) {
				src.actions[where] = append(src.actions[where], text)
			}
		}
		return true
	})
}

func isOperation(service, name string) bool {
	client, ok := services()[service]
	if !ok {
		return false
	}
	m, ok := client.MethodByName(name)
	return ok && m.Type.NumIn() > 2 && strings.HasSuffix(m.Type.In(2).String(), "."+name+"Input")
}

func isAction(text string) bool {
	service, name, ok := strings.Cut(text, ":")
	_, known := services()[service]
	return ok && known && name != "" && !strings.ContainsAny(name, ":/ %")
}

func TestThePermissionsAreThoseOfTheCallsInTheCode(t *testing.T) {
	src := readSource(t)
	inTable, inCode := map[string]bool{}, map[string]bool{}
	for _, p := range model.Permissions() {
		inTable[p.Call] = true
	}
	var operations []string
	for where, calls := range src.calls {
		for _, call := range calls {
			inCode[call] = true
			operations = append(operations, strings.Fields(call)[1])
			if !inTable[call] {
				t.Errorf("%s: %s is not in model.Permissions", where, call)
			}
		}
	}
	for _, m := range src.methods {
		if !slices.Contains(operations, m) {
			t.Errorf("%s is called with an input that this test does not see", m)
		}
	}
	for call := range inTable {
		if !inCode[call] && !slices.Contains(fromTheChain(), call) {
			t.Errorf("%s is in model.Permissions and made by no code", call)
		}
	}
	if len(inCode) < 15 {
		t.Fatalf("only %d calls were found in the source", len(inCode))
	}
}

// The actions that failures name stand at the calls; they must be the table's.
func TestEveryActionInTheCodeIsOneOfItsCalls(t *testing.T) {
	src, found := readSource(t), 0
	for where, actions := range src.actions {
		for _, action := range actions {
			found++
			if !model.KnownAction(action) && action != "sts:GetCallerIdentity" {
				t.Errorf("%s: %s is not in model.Permissions", where, action)
			}
			calls := src.calls[where]
			if len(calls) > 0 && !slices.ContainsFunc(calls, func(call string) bool { return needsAction(call, action) }) {
				t.Errorf("%s: %s is named for %v", where, action, calls)
			}
		}
	}
	if found < 20 {
		t.Fatalf("only %d actions were found in the source", found)
	}
}

func needsAction(call, action string) bool {
	return slices.ContainsFunc(model.NeededBy(call), func(p model.Permission) bool { return p.Action == action || p.Call == "sts GetCallerIdentity" })
}

func TestEveryPermissionSaysWhatItIsFor(t *testing.T) {
	for _, p := range model.Permissions() {
		service, _, _ := strings.Cut(p.Call, " ")
		if p.Blanks == "" || p.Use == "" || p.On == "" || p.Action == "" && p.Call != "sts GetCallerIdentity" || services()[service] == nil {
			t.Errorf("%+v", p)
		}
	}
}

// policyWorld is what the policies of the docs are tried on: one backend among others.
func policyWorld(t *testing.T) (l *special, scope model.PolicyScope) {
	t.Helper()
	l = newSpecial(t, emulator.Options{}, model.MechanismLockfile, model.MechanismDynamoDB)
	key := l.key()
	l.keyByDefault(key)
	(&site{t: t, ddb: l.ddb}).table("orders", "OrderID")
	return l, model.PolicyScope{Bucket: labBucket, Prefix: "app/", Table: "arn:aws:dynamodb:us-east-1:123456789012:table/" + labTable, Key: key, Account: true}
}

// obeys lets only what the policy allows pass.
func (l *special) obeys(p model.AllowPolicy) {
	l.server.AllowOnly(func(action, resource string) bool { return allows(p.Statement, action, resource) })
}

func TestWithTheReadOnlyPolicyEverythingCanBeReadAndNothingChanged(t *testing.T) {
	l, scope := policyWorld(t)
	version := l.write(1, "one")
	l.write(2, "two")
	raw := lockRaw(staleID, "ci@runner-17")
	l.lock(raw)
	l.obeys(model.ReadOnlyPolicy(scope))
	b := l.backend()
	for name, reason := range facts(t, l.client, b, labKey, version) {
		if reason != "" {
			t.Errorf("%s: %s", name, reason)
		}
	}
	c := l.client(func(o *aws.Options) { o.Discover = true })
	for _, err := range c.Backends(t.Context()) {
		l.must(nil, err)
	}
	_, err := c.Identity(t.Context())
	l.must(nil, err)
	report := c.Locks(t.Context(), b)
	if len(report.Locks) != 2 || len(report.Problems) > 0 {
		t.Errorf("locks %+v", report)
	}
	restore := l.planRestore(c, version) // a plan reads only
	unlock := l.planUnlock(c, staleID)
	if denied := c.Denied(); len(denied) > 0 {
		t.Errorf("denied: %+v", denied)
	}
	l.server.ResetLog()
	for _, p := range []*model.Plan{unlock, restore} {
		if r := c.Run(context.Background(), p, everyToken(p), nil); r.Outcome == model.OutcomeDone {
			t.Errorf("%s was done", p.Operation)
		}
	}
	l.wantHeld(raw)
	l.wantState(body(2, "two"))
}

func TestWithTheOperatorPolicyEveryChangeWorks(t *testing.T) {
	l, scope := policyWorld(t)
	version := l.write(1, "one")
	l.write(2, "two")
	l.lock(lockRaw(staleID, "ci@runner-17"))
	l.obeys(model.OperatorPolicy(scope))
	c := l.client()
	l.runs(c, l.planUnlock(c, staleID), model.OutcomeDone)
	l.wantHeld("")
	l.runs(c, l.planRestore(c, version), model.OutcomeDone)
	l.wantState(body(3, "one"))
	l.setDigest("0123456789abcdef0123456789abcdef")
	p, err := c.PlanRepair(t.Context(), l.backend(), labKey, model.RepairRequest{To: model.RepairToBytes})
	l.must(p, err)
	l.runs(c, p, model.OutcomeDone)
	l.wantState(body(3, "one"))
	if denied := c.Denied(); len(denied) > 0 {
		t.Errorf("denied: %+v", denied)
	}
}

func TestEachActionOfTheOperatorPolicyIsNeeded(t *testing.T) {
	for _, p := range model.Permissions() {
		if p.Use != model.ToChange || p.When == model.WithACL || p.When == model.WithTags || p.When == model.WithCondition {
			continue
		}
		t.Run(fmt.Sprintf("%s for %s", p.Action, p.Call), func(t *testing.T) {
			l, _ := policyWorld(t)
			version := l.write(1, "one")
			l.write(2, "two")
			l.lock(lockRaw(staleID, "ci@runner-17"))
			l.server.Deny(p.Action)
			c := l.client()
			for _, plan := range []func() *model.Plan{
				func() *model.Plan { return l.planUnlock(c, staleID) }, func() *model.Plan { return l.planRestore(c, version) },
			} {
				p := plan()
				c.Run(context.Background(), p, everyToken(p), nil)
			}
			if len(denialsOf(c, p.Action)) == 0 {
				t.Errorf("nothing missed it: %+v", c.Denied())
			}
		})
	}
}
