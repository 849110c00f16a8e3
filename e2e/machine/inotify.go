package machine

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// inotifyLimit says how many instances of inotify all processes of a user may have. A cluster of two nodes has 25, and many systems allow
// 128; a kubelet without one ends.
const inotifyLimit = "/proc/sys/fs/inotify/max_user_instances"

// enoughInstances are those of nine clusters and what else runs on a machine. raisedBy is added to a lower limit while runs last, so that
// the last one knows what was there before.
const (
	enoughInstances = 512
	raisedBy        = 100_000
)

// raiseLimit raises a limit that is too low. The lock on its file, which ends with the program at the latest, tells other runs that it is
// in use.
func raiseLimit(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_SH); err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), file.Close())
	}
	return file, changeLimit(path, func(limit int) int {
		if limit < enoughInstances {
			limit += raisedBy
		}
		return limit
	})
}

// lowerLimit gives the limit back that was there before, unless another run has it in use.
func lowerLimit(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); errors.Is(err, syscall.EWOULDBLOCK) {
		return nil
	} else if err != nil {
		return fmt.Errorf("lock %s: %w", path, err)
	}
	return changeLimit(path, func(limit int) int {
		if limit >= raisedBy {
			limit -= raisedBy
		}
		return limit
	})
}

func changeLimit(path string, change func(int) int) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	limit, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	changed := change(limit)
	if changed == limit {
		return nil
	}
	return os.WriteFile(path, []byte(strconv.Itoa(changed)), 0o644)
}
