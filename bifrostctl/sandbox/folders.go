package sandbox

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"bifrost/bifrostctl/internal/overlay"
	"bifrost/bifrostctl/internal/ownfile"
	"bifrost/bifrostctl/sandbox/cloud"
)

// folders returns where the sandbox keeps what belongs to the request's stack of p.
func (r Request) folders(p *project) (folders, error) {
	state, err := filepath.Abs(cmp.Or(r.State, filepath.Join(p.dir, ".sandbox")))
	return folders{filepath.Join(state, p.stack)}, err
}

// folders is the folder of one stack. Everything of the stack is in it: deleting it is starting afresh.
type folders struct{ stack string }

func (f folders) backend() string { return filepath.Join(f.stack, "pulumi") }

func (f folders) home() string { return filepath.Join(f.stack, "home") }

func (f folders) work() string { return filepath.Join(f.stack, "work") }

func (f folders) world() string { return filepath.Join(f.stack, "world.json") }

func (f folders) key() string { return filepath.Join(f.stack, "encryption.json") }

func (f folders) network() string { return filepath.Join(f.stack, "network.json") }

func (f folders) networkCA() string { return filepath.Join(f.stack, "network-ca.pem") }

func (f folders) promised() string { return filepath.Join(f.stack, "promised.json") }

func (f folders) settings() string { return filepath.Join(f.stack, "settings.json") }

// apply keeps the overlay of an up, without secrets.
func (f folders) apply(settings []string) error {
	text, err := json.Marshal(without(settings, nil))
	if err != nil {
		return err
	}
	return ownfile.Write(f.settings(), text)
}

// applied returns the overlay of the last up that went past its preview: a destroy that fails needs it to say how the stack is deployed
// without its protection.
func (f folders) applied() ([]string, error) {
	text, err := ownfile.Read(f.settings())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var settings []string
	if err := json.Unmarshal(text, &settings); err != nil {
		return nil, fmt.Errorf("the settings of the last up in %s: %w", f.settings(), err)
	}
	return settings, nil
}

// exist tells whether anything was ever done to the stack.
func (f folders) exist() bool {
	_, err := os.Stat(f.world())
	return err == nil
}

// ran tells whether the engine ever worked on the stack: what was published, changed or made by hand before its first preview is in its
// clouds alone.
func (f folders) ran() bool {
	_, err := os.Stat(f.work())
	return err == nil
}

// openWorld reads the stack's clouds and seeds them, with a real cluster where there is one; see seed, whose result it returns also.
func (f folders) openWorld(p *project, values, chosen map[string]any, cluster *cloud.Cluster) (*cloud.World, string, error) {
	say, err := settingsOf(p.others)
	if err != nil {
		return nil, "", err
	}
	world, err := cloud.Load(f.world())
	if err != nil {
		return nil, "", &FailedError{Err: err}
	}
	if err := f.fulfil(world); err != nil {
		return nil, "", &FailedError{Err: err}
	}
	if err := f.enter(world, cluster); err != nil {
		return nil, "", err
	}
	server := seed(world, values, chosen, say)
	publishFirst(world, lenient(values), lenient(chosen), say)
	return world, server, nil
}

// held is a stack whose lock is held, with its clouds.
type held struct {
	project *project
	folders folders
	world   *cloud.World
	// server is what seed returned.
	server string
	unlock func()
}

// hold locks a stack and opens its clouds as its file and the overlay of its last up describe them, with a real cluster where there
// is one; unlock ends it.
func hold(request Request, cluster *cloud.Cluster) (*held, error) {
	p, err := loadProject(request.Dir, request.Stack)
	if err != nil {
		return nil, err
	}
	f, err := request.folders(p)
	if err != nil {
		return nil, err
	}
	unlock, err := f.lock()
	if err != nil {
		return nil, &FailedError{Err: err}
	}
	h := &held{project: p, folders: f, unlock: unlock}
	if err := h.open(request, cluster); err != nil {
		unlock()
		return nil, err
	}
	return h, nil
}

func (h *held) open(request Request, cluster *cloud.Cluster) error {
	settings, err := h.folders.applied()
	if err != nil {
		return &FailedError{Err: err}
	}
	chosen, err := overlay.Apply(h.project.values, settings)
	if err != nil {
		return &FailedError{Err: fmt.Errorf("the settings of the last up: %w", err)}
	}
	h.world, h.server, err = h.folders.openWorld(h.project, h.project.values, chosen, cluster)
	return err
}

// check refuses folders that others own or may write to, and what others could have left in them; see package ownfile.
func (f folders) check() error {
	err := ownfile.CheckFolder(filepath.Dir(f.stack))
	if err == nil {
		err = ownfile.CheckTree(f.stack)
	}
	if err != nil {
		return fmt.Errorf("the sandbox's folder (--state): %w", err)
	}
	return nil
}

// lock makes sure that one command at a time runs on the stack.
func (f folders) lock() (unlock func(), err error) {
	if err := os.MkdirAll(f.stack, 0o700); err != nil {
		return nil, err
	}
	if err := f.check(); err != nil {
		return nil, err
	}
	file, err := ownfile.Open(filepath.Join(f.stack, "lock"), os.O_CREATE|os.O_RDWR)
	if err != nil {
		return nil, err
	}
	if err := flock(file); err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("another sandbox command runs on this stack and holds %s; wait until it ends (%w)", file.Name(), err)
	}
	return func() { _ = file.Close() }, nil
}
