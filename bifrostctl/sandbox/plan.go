package sandbox

import (
	"fmt"
	"os"
	"path/filepath"
)

// plan is the request's plan by its whole path: the CLI runs in another folder. A preview writes it, an up must find it.
func (r Request) plan() (string, error) {
	if r.Plan == "" {
		return "", nil
	}
	path, err := filepath.Abs(r.Plan)
	if err != nil {
		return "", err
	}
	wanted, flag := path, "--plan"
	if r.Operation == Preview {
		wanted, flag = filepath.Dir(path), "--save-plan"
	}
	if _, err := os.Stat(wanted); err != nil {
		return "", fmt.Errorf("%s %s: %w", flag, r.Plan, err)
	}
	return path, nil
}
