package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/stateward/stateward/aws"
	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/aws/emulator/sample"
	"github.com/stateward/stateward/model"
)

// The demo's fixed identity. Nothing checks it: the emulator takes any.
const (
	demoKey    = "demo"
	demoRegion = "us-east-1"
)

// demoFleet is the sample fleet, served on loopback.
type demoFleet struct {
	url   string
	close func() error
}

// startDemo serves the sample fleet at addr, "" for a port that the system
// picks, until it is closed. One of its lock holders is alive and writes on, and
// one right is missing. The fleet's ages are told by the same clock as the program's.
func startDemo(ctx context.Context, addr string, now func() time.Time) (*demoFleet, error) {
	server, err := emulator.Start(emulator.Options{Addr: addr, Region: demoRegion, Clock: now})
	if err != nil {
		return nil, fmt.Errorf("starting the embedded backend: %w", err)
	}
	if err := errors.Join(sample.Seed(server), sample.Restrict(server)); err != nil {
		return nil, errors.Join(err, server.Close())
	}
	live, stop := context.WithCancel(ctx)
	go sample.Live(live, server, 0)
	return &demoFleet{url: server.URL(), close: func() error {
		stop()
		return server.Close()
	}}, nil
}

func (a *app) demoCommand(f *flags) *cobra.Command {
	serve := ""
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Try everything on an embedded backend with a sample fleet",
		Long: `Open the UI on an embedded S3, DynamoDB, KMS and STS with a sample fleet. It has fixed
keys of its own and can never reach AWS. With --serve it is only served, for other
commands and tools, until it is interrupted.`,
		Example: examples(
			"stateward demo",
			"stateward demo --serve 127.0.0.1:0 > demo.env &   # then, in any shell: . ./demo.env"),
		Args:              noArguments,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: a.with(f, func(ctx context.Context, s *session, _ []string) error {
			if serve != "" {
				return s.serveDemo(ctx, serve)
			}
			return s.openDemo(ctx)
		}),
	}
	cmd.Flags().StringVar(&serve, "serve", "", "serve at this loopback `ADDR`, such as 127.0.0.1:4566, and print the environment to export")
	return cmd
}

// openDemo keeps the journal and the backups of the demo apart from the real
// ones, and for as long as the demo only.
func (s *session) openDemo(ctx context.Context) (err error) {
	if s.columns() == 0 {
		return usagef("the UI needs a terminal; demo --serve 127.0.0.1:0 works without one")
	}
	fleet, err := startDemo(ctx, "", s.now)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, fleet.close()) }()
	if s.set.journal == "" {
		dir, err := os.MkdirTemp("", "stateward-demo-")
		if err != nil {
			return fmt.Errorf("making a place for the demo's journal: %w", err)
		}
		defer os.RemoveAll(dir) //nolint:errcheck // what stays behind is the sample fleet's
		s.journal.at(filepath.Join(dir, "journal.jsonl"))
		defer s.journal.Close() //nolint:errcheck // removed with its directory
	}
	return s.openUI(ctx, s.demoOptions(fleet.url), false)
}

// demoOptions are built by hand: no profile, no variable and no config has a
// say in where the demo's requests go.
func (s *session) demoOptions(url string) aws.Options {
	o := s.options(nil, true)
	o.Profile, o.Region, o.EndpointURL, o.PathStyle = "", demoRegion, url, true
	o.Static = &aws.StaticCredentials{AccessKeyID: demoKey, SecretAccessKey: demoKey}
	o.LockTables, o.Mechanisms, o.Policies = nil, nil, nil
	o.Program = demoProgram(s.program, o)
	return o
}

// demoProgram is how a command line reaches the demo. Of the flags those are kept
// that the demo obeys.
func demoProgram(given model.Program, o aws.Options) model.Program {
	p := model.Program{Region: o.Region, EndpointURL: o.EndpointURL, Flags: []string{"--region=" + o.Region, "--endpoint-url=" + o.EndpointURL}}
	for _, flag := range given.Flags {
		name, _, _ := strings.Cut(flag, "=")
		if slices.Contains([]string{"--workspace-key-prefix", "--config", "--journal", "--versions", "--timeout", "--concurrency"}, name) {
			p.Flags = append(p.Flags, flag)
		}
	}
	return p
}

// copiedProgram is what command lines that are copied begin with. The keys of the
// demo go with them, as they open nothing else; on the screen they would be noise.
func copiedProgram(o aws.Options) model.Program {
	p := o.Program
	if o.Static != nil {
		p.Env = []string{"AWS_ACCESS_KEY_ID=" + o.Static.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + o.Static.SecretAccessKey}
	}
	return p
}

// serveDemo serves until a signal, which is how it is meant to end.
func (s *session) serveDemo(ctx context.Context, addr string) (err error) {
	if err := onLoopback(addr); err != nil {
		return err
	}
	fleet, err := startDemo(ctx, addr, s.now)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, fleet.close()) }()
	if _, err := io.WriteString(s.stdout, demoEnvironment(fleet.url)); err != nil {
		return err
	}
	s.say("serving the sample fleet at %s until interrupted", fleet.url)
	<-ctx.Done()
	return nil
}

// demoEnvironment is for a shell to evaluate.
func demoEnvironment(url string) string {
	return "export AWS_ENDPOINT_URL=" + url + "\n" +
		"export AWS_ACCESS_KEY_ID=" + demoKey + "\n" +
		"export AWS_SECRET_ACCESS_KEY=" + demoKey + "\n" +
		"export AWS_REGION=" + demoRegion + "\n" +
		"export AWS_EC2_METADATA_DISABLED=true\n" +
		"unset AWS_PROFILE AWS_SESSION_TOKEN\n"
}

// onLoopback refuses an address that others could reach: the emulator lets
// everybody in.
func onLoopback(addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return usagef("--serve: %q is no address such as 127.0.0.1:4566", addr)
	}
	if host == "localhost" {
		return nil
	}
	if ip, err := netip.ParseAddr(host); err == nil && ip.IsLoopback() {
		return nil
	}
	return usagef("--serve: %q is not on loopback; the embedded backend lets everybody in, so it serves 127.0.0.1 only", addr)
}
