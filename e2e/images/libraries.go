package images

import (
	"bytes"
	"debug/elf"
	"fmt"
	"os/exec"
	"path"
	"regexp"
	"runtime"
	"slices"
)

// loaded is a line of ldd that names a file.
var loaded = regexp.MustCompile(`(?m)^\t(?:\S+ => )?(/\S+) \(0x[0-9a-f]+\)$`)

// batch is how many files ldd is asked about at once.
const batch = 200

// libraries are what the programs among the entries need of this machine to run, the loader included, under their own names.
func libraries(entries []entry) ([]entry, error) {
	var dynamic []string
	for _, e := range entries {
		if e.file != "" && needsLibraries(e.file) {
			dynamic = append(dynamic, e.file)
		}
	}
	names := map[string]bool{}
	for asked := range slices.Chunk(dynamic, batch) {
		var complaints bytes.Buffer
		command := exec.Command("ldd", asked...)
		command.Stderr = &complaints
		output, err := command.Output()
		if err != nil {
			return nil, fmt.Errorf("ldd %s: %w: %s", asked, err, &complaints)
		}
		for _, line := range loaded.FindAllSubmatch(output, -1) {
			names[path.Clean(string(line[1]))] = true
		}
	}
	var all []entry
	for name := range names {
		one, err := file(name, name)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	slices.SortFunc(all, byName)
	return all, nil
}

// processor is this machine's in the header of its programs.
var processor = map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}[runtime.GOARCH]

// needsLibraries tells whether a file is a program or a library for this machine that is linked to others. ldd fails on those of others.
func needsLibraries(path string) bool {
	f, err := elf.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	needed, err := f.ImportedLibraries()
	return err == nil && len(needed) > 0 && f.Machine == processor
}
