//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
)

// tryLockFile keeps other processes from appending until the returned function
// runs; errFileLocked says that one of them does so. A file system without locks
// (some network ones) is no reason to refuse: one write with O_APPEND is then all
// there is.
func tryLockFile(f *os.File) (unlock func(), err error) {
	fd := int(f.Fd()) //nolint:gosec // descriptors are small
	for {
		err = syscall.Flock(fd, syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	switch {
	case err == nil:
		return func() { _ = syscall.Flock(fd, syscall.LOCK_UN) }, nil // closing the file would free it, too
	case errors.Is(err, syscall.EWOULDBLOCK):
		return nil, errFileLocked
	case errors.Is(err, syscall.ENOTSUP), errors.Is(err, syscall.ENOLCK), errors.Is(err, syscall.ENOSYS):
		return func() {}, nil
	}
	return nil, err
}

// lockerOf names the process that has a file locked, where the system tells (Linux
// does, in /proc/locks); "another process" else.
func lockerOf(f *os.File) string {
	const somebody = "another process"
	info, err := f.Stat()
	if err != nil {
		return somebody
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return somebody
	}
	table, _ := os.ReadFile("/proc/locks") // no table names nobody
	found := ""
	for line := range strings.Lines(string(table)) {
		// 1: FLOCK  ADVISORY  WRITE 718 00:2d:66310 0 EOF
		words := strings.Fields(line)
		if len(words) < 6 || words[1] != "FLOCK" || !strings.HasSuffix(words[5], fmt.Sprintf(":%d", stat.Ino)) {
			continue
		}
		if found != "" || words[4] == "-1" {
			return somebody // two files may have one number; or a process of another container
		}
		found = words[4]
	}
	if found == "" {
		return somebody
	}
	name, _ := os.ReadFile("/proc/" + found + "/comm") // it may be gone by now
	return strings.TrimSpace("process " + found + " " + strings.TrimSpace(string(name)))
}

// maxFileSize is how large this process may make a file.
func maxFileSize() uint64 {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return 1<<64 - 1
	}
	return uint64(limit.Cur) //nolint:unconvert // it is signed on some systems
}

// isDiskFull reports errors that room on the disk would mend.
func isDiskFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}
