package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/stateward/stateward/model"
)

const (
	privateDir  fs.FileMode = 0o700
	privateFile fs.FileMode = 0o600
)

// journalFile is the journal: JSON Lines, only ever appended to. It is opened
// by the first entry, so that a home that cannot be written breaks no command
// that changes nothing. Several processes may append at once.
type journalFile struct {
	path func() (string, error)

	patience time.Duration     // with another process's lock
	waits    func(text string) // tells what is waited for; nil: nobody is told

	mu      sync.Mutex
	file    *os.File
	ids     map[string]bool // of the operations that have an entry
	crowded bool            // another process kept it locked at the last entry
	room    *reserve        // for the entries of the operation under way
}

// journalAt is the journal in FILE, or at its usual place when FILE is "".
func journalAt(env func(string) string, file string) *journalFile {
	return &journalFile{patience: journalPatience, path: func() (string, error) {
		if file != "" {
			return filepath.Abs(file)
		}
		dir, err := stateDir(env)
		return filepath.Join(dir, "journal.jsonl"), err
	}}
}

// at moves a journal that was not written to yet.
func (j *journalFile) at(path string) { j.path = func() (string, error) { return path, nil } }

// Record appends an entry and returns once it is on disk.
func (j *journalFile) Record(ctx context.Context, e model.JournalEntry) error {
	line, err := json.Marshal(e)
	if err != nil {
		return j.failure("encoding an entry", "", err)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	f, err := j.open()
	if err != nil {
		return err
	}
	if err := j.add(ctx, f, append(line, '\n'), e); err != nil {
		return j.failure("writing an entry", f.Name(), err)
	}
	if j.ids == nil {
		j.ids = map[string]bool{}
	}
	j.ids[e.ID] = true
	return nil
}

// add appends a line while no other process does. Before the first one of an
// operation room is taken for all that follow.
func (j *journalFile) add(ctx context.Context, f *os.File, line []byte, e model.JournalEntry) (err error) {
	begun := j.ids[e.ID]
	unlock, err := j.alone(ctx, f, begun)
	if err != nil {
		return err
	}
	defer unlock()
	if !begun && e.Event == "plan" && j.room == nil {
		if j.room, err = newReserve(f); err != nil {
			return err
		}
	}
	if e.Event == "end" {
		defer j.giveRoom()
	}
	return appendLine(f, line, j.room)
}

func (j *journalFile) giveRoom() {
	j.room.free()
	j.room = nil
}

// holds reports whether this program wrote an entry of the operation.
func (j *journalFile) holds(id string) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.ids[id]
}

func (j *journalFile) failure(tried, on string, err error) error {
	return &model.Failure{Kind: model.ErrJournal, Tried: tried, On: on, Cause: err,
		Next: fmt.Sprintf("Nothing was sent (%v). Name a file that can be written with --journal FILE.", err)}
}

func (j *journalFile) open() (*os.File, error) {
	if j.file != nil {
		return j.file, nil
	}
	path, err := j.path()
	if err != nil {
		return nil, j.failure("finding a place", "the journal", err)
	}
	f, err := openAppend(path)
	if err != nil {
		return nil, j.failure("opening", path, err)
	}
	j.file = f
	return f, nil
}

// openAppend opens or creates a file for appending, with its directory.
func openAppend(path string) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(path), privateDir); err != nil {
		return nil, err
	}
	_, err := os.Stat(path)
	isNew := errors.Is(err, fs.ErrNotExist)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND|os.O_CREATE, privateFile) //nolint:gosec // the operator's own file
	if err != nil {
		return nil, err
	}
	if isNew {
		syncDir(filepath.Dir(path))
	}
	return f, nil
}

// appendLine writes a line with one write and waits for the disk. A line that a
// killed process left without its end is ended first, or ours would be lost in it.
func appendLine(f *os.File, line []byte, room *reserve) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if size := info.Size(); size > 0 && info.Mode().IsRegular() {
		last := make([]byte, 1)
		if _, err := f.ReadAt(last, size-1); err != nil {
			return err
		}
		if last[0] != '\n' {
			line = append([]byte{'\n'}, line...)
		}
	}
	return room.writeAll(f, line)
}

// syncDir makes a new name in a directory last. Not every system can sync a
// directory; the file itself is synced in any case.
func syncDir(dir string) {
	d, err := os.Open(dir) //nolint:gosec // a directory of our own
	if err != nil {
		return
	}
	_ = d.Sync()
	_ = d.Close()
}

// Close lets go of the file.
func (j *journalFile) Close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.giveRoom()
	if j.file == nil {
		return nil
	}
	err := j.file.Close()
	j.file = nil
	return err
}
