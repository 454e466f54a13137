//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package main

import (
	"errors"
	"os"
	"syscall"
)

// lockFile keeps other processes from appending until the returned function
// runs. A file system without locks (some network ones) is no reason to refuse:
// one write with O_APPEND is then all there is.
func lockFile(f *os.File) (unlock func(), err error) {
	fd := int(f.Fd()) //nolint:gosec // descriptors are small
	for {
		err = syscall.Flock(fd, syscall.LOCK_EX)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if errors.Is(err, syscall.ENOTSUP) || errors.Is(err, syscall.ENOLCK) || errors.Is(err, syscall.ENOSYS) {
		return func() {}, nil
	}
	if err != nil {
		return nil, err
	}
	return func() { _ = syscall.Flock(fd, syscall.LOCK_UN) }, nil // closing the file would free it, too
}
