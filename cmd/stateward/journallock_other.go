//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package main

import (
	"errors"
	"os"
	"syscall"
)

// tryLockFile does nothing here: an entry is one write to a file that was opened
// for appending, which the system does not mix with another's.
func tryLockFile(*os.File) (unlock func(), err error) { return func() {}, nil }

func lockerOf(*os.File) string { return "another process" }

func maxFileSize() uint64 { return 1<<64 - 1 }

// isDiskFull reports errors that room on the disk would mend: on Windows
// ERROR_HANDLE_DISK_FULL and ERROR_DISK_FULL.
func isDiskFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.Errno(0x27)) || errors.Is(err, syscall.Errno(0x70))
}
