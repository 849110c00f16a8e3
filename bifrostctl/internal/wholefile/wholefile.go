// Package wholefile replaces files at once.
package wholefile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Write replaces a file: whoever reads it sees the former content or the new one. A link is replaced, not followed. The folder must exist.
func Write(file string, text []byte, mode fs.FileMode) error {
	// os.CreateTemp opens no file that is there already, and gives it to its owner alone.
	temporary, err := os.CreateTemp(filepath.Dir(file), "."+filepath.Base(file)+".*")
	if err != nil {
		return err
	}
	_, err = temporary.Write(text)
	if err = errors.Join(err, temporary.Chmod(mode), temporary.Close()); err == nil {
		err = os.Rename(temporary.Name(), file)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temporary.Name()))
	}
	return nil
}
