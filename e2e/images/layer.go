package images

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// layer is a part of an image whose content stays in the files of this machine: it is read again for each pull, and not compressed.
type layer struct {
	entries []entry

	once   sync.Once
	digest v1.Hash
	size   int64
	err    error
}

// entry is one file, folder or link of a layer.
type entry struct {
	header tar.Header
	file   string // this machine's file with the content
	text   string // or the content
}

// newLayer puts the folders above each entry before it, as root's, and leaves out what comes twice.
func newLayer(entries []entry) *layer {
	l, seen := &layer{}, map[string]bool{}
	var add func(e entry)
	add = func(e entry) {
		if e.header.Name == "" || e.header.Name == "." || seen[e.header.Name] {
			return
		}
		seen[e.header.Name] = true
		add(folder(path.Dir(e.header.Name), 0o755, 0))
		l.entries = append(l.entries, e)
	}
	for i := range entries {
		entries[i].header.Name = strings.Trim(entries[i].header.Name, "/")
	}
	// What is said of a folder counts, whatever is in it before.
	slices.SortStableFunc(entries, func(a, b entry) int { return strings.Count(a.header.Name, "/") - strings.Count(b.header.Name, "/") })
	for _, e := range entries {
		add(e)
	}
	return l
}

func folder(name string, mode, user int64) entry {
	return entry{header: tar.Header{Typeflag: tar.TypeDir, Name: name, Mode: mode, Uid: int(user), Gid: int(user)}}
}

func link(name, target string) entry {
	return entry{header: tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: target, Mode: 0o777}}
}

func text(name, content string, mode int64) entry {
	return entry{header: tar.Header{Typeflag: tar.TypeReg, Name: name, Size: int64(len(content)), Mode: mode}, text: content}
}

// file is a file of this machine, which everybody may read in the image.
func file(name, source string) (entry, error) {
	program, err := filepath.EvalSymlinks(source)
	if err != nil {
		return entry{}, err
	}
	info, err := os.Stat(program)
	if err != nil {
		return entry{}, err
	}
	if !info.Mode().IsRegular() {
		return entry{}, fmt.Errorf("%s is no file", program)
	}
	header := tar.Header{Typeflag: tar.TypeReg, Name: name, Size: info.Size(), Mode: int64(info.Mode().Perm() | 0o444)}
	return entry{header: header, file: program}, nil
}

// write writes the layer. It is the same each time, for everything is of one date.
func (l *layer) write(w io.Writer) error {
	archive := tar.NewWriter(w)
	for _, e := range l.entries {
		e.header.ModTime = time.Unix(0, 0)
		if err := archive.WriteHeader(&e.header); err != nil {
			return err
		}
		if e.file == "" {
			if _, err := io.WriteString(archive, e.text); err != nil {
				return err
			}
			continue
		}
		if err := copyFile(archive, e.file); err != nil {
			return fmt.Errorf("%s in an image: %w", e.file, err)
		}
	}
	return archive.Close()
}

func copyFile(w io.Writer, name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(w, f)
	return err
}

// measure reads everything once.
func (l *layer) measure() error {
	l.once.Do(func() {
		count := &counter{sum: sha256.New()}
		l.err = l.write(count)
		l.digest, l.size = v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(count.sum.Sum(nil))}, count.n
	})
	return l.err
}

type counter struct {
	sum hash.Hash
	n   int64
}

// Write never fails.
func (c *counter) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return c.sum.Write(p)
}

// Digest implements v1.Layer.
func (l *layer) Digest() (v1.Hash, error) {
	err := l.measure()
	return l.digest, err
}

// DiffID implements v1.Layer.
func (l *layer) DiffID() (v1.Hash, error) { return l.Digest() }

// Size implements v1.Layer.
func (l *layer) Size() (int64, error) {
	err := l.measure()
	return l.size, err
}

// MediaType implements v1.Layer.
func (l *layer) MediaType() (types.MediaType, error) { return types.OCIUncompressedLayer, nil }

// Compressed implements v1.Layer.
func (l *layer) Compressed() (io.ReadCloser, error) {
	reader, writer := io.Pipe()
	go func() { _ = writer.CloseWithError(l.write(writer)) }()
	return reader, nil
}

// Uncompressed implements v1.Layer.
func (l *layer) Uncompressed() (io.ReadCloser, error) { return l.Compressed() }
