package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// An operation that holds locks needs the journal to give them back. So before it
// begins, room on the disk is taken for the entries to come, and given free piece by
// piece where a disk fills up meanwhile.
const (
	reservePiece = 8 << 10
	reserveAll   = 32 * reservePiece
)

// reserve is room on the disk, held by a file without a name: a process that is
// killed leaves nothing behind.
type reserve struct {
	file *os.File
	left int64
}

// newReserve takes room beside the journal. A journal that is no file of a disk needs
// none, and where no other file may be made none can be had.
func newReserve(journal *os.File) (*reserve, error) {
	info, err := journal.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return nil, err
	}
	if limit := maxFileSize(); limit-min(limit, uint64(info.Size())) < reserveAll { //nolint:gosec // sizes are not negative
		return nil, fmt.Errorf("the journal has %d bytes, files may have %d here (ulimit -f), and an operation may need %d more", info.Size(), limit, reserveAll)
	}
	f, err := os.CreateTemp(filepath.Dir(journal.Name()), ".journal-room-*")
	if errors.Is(err, fs.ErrPermission) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("taking room for the entries to come: %w", err)
	}
	r := &reserve{file: f, left: reserveAll}
	_ = os.Remove(f.Name())          // where open files keep their names, free does it
	body := make([]byte, reserveAll) // random, as some file systems store no zeros
	_, _ = rand.Read(body)           // never fails
	if _, err = f.Write(body); err == nil {
		err = f.Sync()
	}
	if err != nil {
		r.free()
		return nil, fmt.Errorf("taking room for the entries to come (%d KiB): %w", reserveAll>>10, err)
	}
	return r, nil
}

// shrink gives a piece free; false when nothing is left.
func (r *reserve) shrink() bool {
	if r == nil || r.left == 0 {
		return false
	}
	r.left -= reservePiece
	return r.file.Truncate(r.left) == nil && r.file.Sync() == nil
}

// free gives back all that is left.
func (r *reserve) free() {
	if r == nil {
		return
	}
	_ = r.file.Close()           // nothing in it matters
	_ = os.Remove(r.file.Name()) // it is gone already on most systems
}

// writeAll writes all of it, into the reserve's room where the disk is full.
func (r *reserve) writeAll(f *os.File, line []byte) error {
	for {
		n, err := f.Write(line)
		line = line[n:]
		switch {
		case err == nil:
			return r.sync(f)
		case !isDiskFull(err) || !r.shrink():
			return err
		}
	}
}

// sync waits for the disk: some file systems find out only then that it is full.
func (r *reserve) sync(f *os.File) error {
	for {
		err := f.Sync()
		if err == nil || !isDiskFull(err) || !r.shrink() {
			return err
		}
	}
}
