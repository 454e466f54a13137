package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// errFileLocked says that another process has the file locked.
var errFileLocked = errors.New("it is locked")

const (
	// journalPatience is how long another process may keep the journal locked: one
	// that appends does so for the time of one write to the disk.
	journalPatience = 5 * time.Second
	journalPoll     = 50 * time.Millisecond
	journalTold     = 10 // so many looks after which the operator is told what is waited for
)

// alone keeps other processes from appending until the returned function runs. An
// operation that has an entry already is not stopped by another's lock: it may hold
// locks of its own, and a single write to a file opened for appending is whole
// without.
func (j *journalFile) alone(ctx context.Context, f *os.File, begun bool) (unlock func(), err error) {
	patience := j.patience
	if begun && j.crowded {
		patience = 0 // it was waited for once
	}
	unlock, err = j.waitForLock(ctx, f, patience)
	j.crowded = errors.Is(err, errFileLocked)
	if err != nil && begun {
		return func() {}, nil
	}
	if j.crowded {
		err = fmt.Errorf("%s is locked by %s, which did not let go of it within %s", f.Name(), lockerOf(f), patience)
	}
	return unlock, err
}

func (j *journalFile) waitForLock(ctx context.Context, f *os.File, patience time.Duration) (unlock func(), err error) {
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	again := time.NewTicker(journalPoll)
	defer again.Stop()
	for looks := 0; ; looks++ {
		unlock, err = tryLockFile(f)
		if !errors.Is(err, errFileLocked) {
			return unlock, err
		}
		if looks == journalTold && j.waits != nil {
			j.waits(fmt.Sprintf("waiting for the journal %s, which %s has locked", f.Name(), lockerOf(f)))
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("waiting for %s, which %s has locked: %w", f.Name(), lockerOf(f), context.Cause(ctx))
		case <-deadline.C:
			return nil, err
		case <-again.C:
		}
	}
}
