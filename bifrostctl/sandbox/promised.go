package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"

	"bifrost/bifrostctl/internal/ownfile"
	"bifrost/bifrostctl/sandbox/cloud"
)

// promise keeps the keys that were made up for a preview whose plan is saved (World.Keys). The clouds forget them with all else that they
// were given for it, and an up that keeps to the plan must meet them again: others would be other secrets.
func (f folders) promise(world *cloud.World) error {
	world.Lock()
	defer world.Unlock()
	text, err := json.Marshal(world.Keys)
	if err != nil {
		return err
	}
	return ownfile.Write(f.promised(), text)
}

// fulfil gives a world the keys that a plan counts on, but in the place of its own.
func (f folders) fulfil(world *cloud.World) error {
	text, err := ownfile.Read(f.promised())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	promised := map[string]string{}
	if err == nil {
		err = json.Unmarshal(text, &promised)
	}
	if err != nil {
		return fmt.Errorf("the keys of the last saved plan in %s: %w; delete that file, and save the plan anew", f.promised(), err)
	}
	maps.Copy(promised, world.Keys)
	world.Keys = promised
	return nil
}

// redeem forgets them once an up has them in its clouds.
func (f folders) redeem() error {
	if err := os.Remove(f.promised()); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
