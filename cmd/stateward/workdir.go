package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/stateward/stateward/model"
)

// maxDirFiles bounds how many files of a directory are looked at.
const maxDirFiles = 2000

// workdir is what the configuration in the working directory says about where
// its state is. Nothing in it is evaluated or run.
type workdir struct {
	backends []model.Backend // Source is SourceWorkdir; one for each bucket
	remarks  []string        // what was ignored or could not be evaluated
}

// discover reads the backend configuration of a directory as the tools keep it:
// the merged one that init wrote below the data directory, backend "s3" blocks,
// and terragrunt's remote_state blocks.
func discover(dir string, env func(string) string, trust bool) workdir {
	var w workdir
	dataDir := env("TF_DATA_DIR")
	if dataDir == "" {
		dataDir = ".terraform"
	}
	if !filepath.IsAbs(dataDir) {
		dataDir = filepath.Join(dir, dataDir)
	}
	workspace := selectedWorkspace(dataDir, env)
	w.add(readBlocks(filepath.Join(dataDir, "terraform.tfstate"), dir, parseDataDir), workspace, trust, false)
	initialised := len(w.backends) > 0
	for _, path := range configurationFiles(dir) {
		w.add(readBlocks(path, dir, parserOf(path)), workspace, trust, initialised)
	}
	return w
}

// selectedWorkspace is TF_WORKSPACE, else what "workspace select" wrote.
func selectedWorkspace(dataDir string, env func(string) string) string {
	if name := env("TF_WORKSPACE"); name != "" {
		return name
	}
	body, err := readRegular(filepath.Join(dataDir, "environment"))
	if name := strings.TrimSpace(string(body)); err == nil && name != "" {
		return name
	}
	return model.DefaultWorkspace
}

// configurationFiles are the files of dir that can hold a backend block.
func configurationFiles(dir string) []string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil // a directory that cannot be listed has nothing to offer
	}
	var out []string
	for _, e := range entries {
		hidden := strings.HasPrefix(e.Name(), ".") // neither tool reads those
		if !hidden && !e.IsDir() && parserOf(e.Name()) != nil && len(out) < maxDirFiles {
			out = append(out, filepath.Join(dir, e.Name()))
		}
	}
	return out
}

// blockParser finds the backend "s3" configurations in a file.
type blockParser func(name string, src []byte) ([]block, error)

func parserOf(path string) blockParser {
	name := filepath.Base(path)
	switch {
	case name == "terragrunt.hcl":
		return parseTerragrunt
	case strings.HasSuffix(name, ".tf.json"), strings.HasSuffix(name, ".tofu.json"):
		return parseTFJSON
	case strings.HasSuffix(name, ".tf"), strings.HasSuffix(name, ".tofu"):
		return parseTF
	}
	return nil
}

// reading is what a file held, or why it could not be read.
type reading struct {
	blocks  []block
	problem string
}

func readBlocks(path, dir string, parse blockParser) reading {
	name := path
	if rel, err := filepath.Rel(dir, path); err == nil {
		name = rel
	}
	src, err := readRegular(path)
	if errors.Is(err, fs.ErrNotExist) {
		return reading{}
	}
	if err != nil {
		return reading{problem: fmt.Sprintf("%s was not read: %v", name, unwrapPath(err))}
	}
	blocks, err := parse(name, src)
	if err != nil {
		return reading{problem: fmt.Sprintf("%s was not read: %v", name, err)}
	}
	return reading{blocks: blocks}
}

// unwrapPath drops the path of an error that already stands beside it.
func unwrapPath(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// add takes over what a file says. known says that the merged configuration is
// there already: what a block then leaves open is no loss.
func (w *workdir) add(r reading, workspace string, trust, known bool) {
	if r.problem != "" {
		w.remarks = append(w.remarks, r.problem)
	}
	for _, b := range r.blocks {
		if known {
			b.unresolved = nil
		}
		w.remarks = union(w.remarks, b.remarks(trust, known))
		if m, ok := b.backend(workspace, trust); ok {
			w.join(m)
		}
	}
}

// join adds a backend, or what it adds to the one of the same bucket.
func (w *workdir) join(m model.Backend) {
	for i, have := range w.backends {
		if have.Bucket == m.Bucket {
			w.backends[i] = joinBackends(have, m)
			return
		}
	}
	w.backends = append(w.backends, m)
}

// joinBackends is a with what b knows beyond it. Lists of places to look are
// joined: missing a lock table is worse than looking at one too many.
func joinBackends(a, b model.Backend) model.Backend {
	a.Region = orElse(a.Region, b.Region)
	a.Access = joinAccess(a.Access, b.Access)
	a.Tables = union(a.Tables, b.Tables)
	a.Digests = union(a.Digests, b.Digests)
	a.Declared = union(a.Declared, b.Declared)
	a.Keys = union(a.Keys, b.Keys)
	if !a.Workspace.Set {
		a.Workspace = b.Workspace
	}
	if !a.Write.FromConfiguration {
		a.Write = b.Write
	}
	return a
}

// joinAccess never mixes the credentials of two configurations: a profile of
// one with a role of the other would be neither's.
func joinAccess(a, b model.Access) model.Access {
	if a.Profile == "" && a.RoleARN == "" {
		a.Profile, a.RoleARN, a.ExternalID, a.MFASerial = b.Profile, b.RoleARN, b.ExternalID, b.MFASerial
	}
	if len(a.Endpoints) == 0 {
		a.Endpoints = b.Endpoints
	}
	a.PathStyle = a.PathStyle || b.PathStyle
	return a
}

func orElse(s, other string) string {
	if s != "" {
		return s
	}
	return other
}
