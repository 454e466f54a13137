package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/user"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stateward/stateward/aws"
	"github.com/stateward/stateward/model"
	"github.com/stateward/stateward/ui/widget"
	"golang.org/x/sync/errgroup"
)

// session is one command under way: the options in force, what configuration
// says, and access to the backends once it is connected.
type session struct {
	*app
	set     settings
	config  config
	known   known
	workdir workdir
	mfa     *mfaPrompt
	journal *journalFile
	log     *slog.Logger
	access  backendAccess
	program model.Program // how the command lines that are printed reach the same
	close   []io.Closer
}

// with runs a command in a session. Everything that can be wrong with flags,
// config and arguments is found before anything is sent.
func (a *app) with(f *flags, do func(ctx context.Context, s *session, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) (err error) {
		s, err := a.open(cmd, f)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, s.end()) }()
		return do(cmd.Context(), s, args)
	}
}

func (a *app) open(cmd *cobra.Command, f *flags) (*session, error) {
	given, err := f.options(cmd.Flags())
	if err != nil {
		return nil, err
	}
	c, err := loadConfig(a.env, f.configFile)
	if err != nil {
		return nil, err
	}
	s := &session{app: a, mfa: &mfaPrompt{app: a}, config: c, set: settle(given, c.options, a.env)}
	s.workdir = discover(a.dir, a.env, s.set.trustDir)
	s.program = s.programOf(cmd.Flags())
	s.known = known{config: c.backends, workdir: s.workdir.backends, policies: c.policies, flags: given}
	s.journal = journalAt(a.env, s.set.journal)
	s.journal.waits = func(text string) { a.say("%s", text) }
	s.close = append(s.close, s.journal)
	if err := s.openLog(); err != nil {
		return nil, err
	}
	return s, nil
}

// programOf is how the command lines that are printed reach what this one does.
// Where the working directory may say who asks and by what way, it has to be the
// working directory again.
func (s *session) programOf(fs *pflag.FlagSet) model.Program {
	p := model.Program{Flags: repeated(fs), Profile: s.set.profile, Region: s.set.region, EndpointURL: s.set.endpointURL}
	if s.set.trustDir && len(s.workdir.backends) > 0 {
		p.Dir = fromRoot(s.dir)
	}
	return p
}

func (s *session) openLog() error {
	if s.set.logFile == "" {
		return nil
	}
	f, err := openAppend(s.set.logFile)
	if err != nil {
		return usagef("opening the log file: %v", err)
	}
	s.close = append(s.close, f)
	s.log = slog.New(slog.NewJSONHandler(f, &slog.HandlerOptions{Level: slog.LevelDebug}))
	return nil
}

func (s *session) end() error {
	var errs []error
	for _, c := range slices.Backward(s.close) {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// options are what package aws needs to know. Backends are those to work on;
// discover looks for more of them.
func (s *session) options(backends []model.Backend, discover bool) aws.Options {
	return aws.Options{
		Profile: s.set.profile, Region: s.set.region, EndpointURL: s.set.endpointURL, PathStyle: s.set.pathStyle,
		Timeout: s.set.timeout, Concurrency: s.set.concurrency, ReadOnly: s.set.readOnly, Versions: (*int)(&s.set.versions),
		Backends: backends, Discover: discover, LockTables: s.set.lockTables, Mechanisms: s.set.mechanisms,
		Workspace: s.set.workspace, Policies: s.config.policies,
		Journal: s.journal, Backups: &backupDir{journal: s.journal, now: s.now}, Actor: s.actor(), Alive: processAlive,
		Program: s.program, Log: s.log,
	}
}

// reach gives the session access to backends.
func (s *session) reach(o aws.Options) { s.access = s.connect(o, s.mfa.ask) }

// serviceNow is the time by the services' clock, once something was read: how old
// a version is must not depend on this machine's.
func (s *session) serviceNow() time.Time { return s.access.ServiceTime(s.now()) }

// actor is who appears in locks and in the journal.
func (s *session) actor() aws.Actor {
	name := s.env("USER")
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return aws.Actor{Who: orElse(name, "unknown") + "@" + host, Host: host, PID: os.Getpid(), Version: buildInfo().Version}
}

// targets are the backends that the arguments name. Without arguments they are
// those of configuration, and discovery is on.
func (s *session) targets(args []string) (backends []model.Backend, found []target, err error) {
	for _, arg := range args {
		t, err := s.known.parse(arg)
		if err != nil {
			return nil, nil, err
		}
		found = append(found, t)
		backends = append(backends, s.known.listing(t))
	}
	if len(args) == 0 {
		backends = s.known.all()
	}
	s.remark(found)
	return backends, found, nil
}

// stateOf is the backend and the exact key of the one state that an argument names.
func (s *session) stateOf(arg string) (model.Backend, string, error) {
	t, err := s.known.parseState(arg)
	if err != nil {
		return model.Backend{}, "", err
	}
	s.remark([]target{t})
	b, key := s.known.holding(t)
	return b, key, nil
}

// remark tells what of the working directory was not used, where it matters:
// without a target, or for a target that the directory configures.
func (s *session) remark(found []target) {
	concerned := len(found) == 0
	for _, t := range found {
		concerned = concerned || slices.ContainsFunc(s.workdir.backends, func(b model.Backend) bool { return b.Bucket == t.bucket })
	}
	if concerned {
		for _, r := range s.workdir.remarks {
			s.say("note: %s", r)
		}
	}
}

// fleet connects and lists the backends that the arguments mean.
func (s *session) fleet(ctx context.Context, args []string, p *problems) ([]model.Backend, []target, error) {
	backends, found, err := s.targets(args)
	if err != nil {
		return nil, nil, err
	}
	s.reach(s.options(backends, len(args) == 0))
	if len(args) > 0 {
		return backends, found, nil
	}
	var all []model.Backend
	for page, err := range s.access.Backends(ctx) {
		if err != nil {
			p.failed(err)
			break
		}
		for _, b := range page {
			all = replaceBackend(all, b)
		}
	}
	return all, nil, ctx.Err()
}

// replaceBackend adds a backend; what became known later of the same one wins.
func replaceBackend(all []model.Backend, b model.Backend) []model.Backend {
	for i, have := range all {
		if have.Bucket == b.Bucket && have.Prefix == b.Prefix {
			all[i] = b
			return all
		}
	}
	return append(all, b)
}

// each runs f for 0 to n-1, at most --concurrency at once. Results keep their
// order as each f writes its own. It ends early when the context does.
func (s *session) each(ctx context.Context, n int, f func(i int)) error {
	return inParts(ctx, s.set.concurrency, n, f)
}

// inParts is each with a limit of its own.
func inParts(ctx context.Context, limit, n int, f func(i int)) error {
	g := new(errgroup.Group)
	g.SetLimit(limit)
	for i := range n {
		if ctx.Err() != nil {
			break
		}
		g.Go(func() error {
			return aws.Guarded(func() error { f(i); return nil })
		})
	}
	if err := g.Wait(); err != nil { // a fault of the program: where it is caught, it is told
		panic(err)
	}
	return ctx.Err()
}

// problems are the sources that could not be read, each named once.
type problems struct{ texts []string }

func (p *problems) add(texts ...string) { p.texts = union(p.texts, texts) }

// failed adds an error; several that were joined have a line each.
func (p *problems) failed(err error) { p.add(strings.Split(err.Error(), "\n")...) }

// print writes a list: as JSON, or as a table. The list is printed with what it
// has; sources that could not be read are named on stderr and the exit code is
// 1. A list that is empty for that reason is not printed at all, so that an
// empty one always means "none".
func (s *session) print(docs any, rows int, t *table, none string, p *problems) error {
	for _, text := range p.texts {
		s.say("stateward: not read: %s", text)
	}
	var err error
	switch {
	case rows == 0 && len(p.texts) > 0:
	case s.set.output == outputJSON:
		err = writeJSON(s.stdout, docs)
	case rows == 0:
		s.say("%s", none)
	default:
		err = t.write(s.stdout, s.columns())
	}
	if err == nil && len(p.texts) > 0 {
		err = &exitError{exitFailed}
	}
	return err
}

// noneIn is a list that is empty: none of what, and where it was looked for.
func noneIn(backends []model.Backend, none string) string {
	switch len(backends) {
	case 0:
		return none + ": no backend is known; name one as s3://bucket, or in the config"
	case 1:
		return none + " in " + strings.TrimSuffix(backends[0].URL(backends[0].Prefix), "/")
	}
	return fmt.Sprintf("%s in %d backends", none, len(backends))
}

// note says what was not looked for, and why that is no gap.
func (s *session) note(texts ...string) {
	for _, text := range texts {
		s.say("note: %s", text)
	}
}

// whyUnknown names on stderr the reasons behind the "?" of a table, each once.
func (s *session) whyUnknown(all []reasons) {
	seen := map[string]int{}
	for _, r := range all {
		for field, why := range r {
			if why != notRead {
				seen[field+": "+why]++
			}
		}
	}
	for _, line := range sortedKeys(seen) {
		s.say("%s %s", signUnknown, widget.Clip(fmt.Sprintf("%s (%d)", line, seen[line]), 300))
	}
}
