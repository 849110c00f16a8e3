package stackfile

import (
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"bifrost/bifrostctl/internal/fold"
	"bifrost/stacks"
)

// commentWidth is how wide a comment is at most, in columns.
const commentWidth = 100

// Commented returns the file with a comment above each of the program's keys that has none: what about says of its path, unless that is
// empty.
func (f *File) Commented(about func(path string) string) (*File, error) {
	before := map[int][]string{}
	var walk func(object *yaml.Node, path string)
	walk = func(object *yaml.Node, path string) {
		for i := 0; i+1 < len(object.Content); i += 2 {
			key, value := object.Content[i], object.Content[i+1]
			name := strings.TrimPrefix(key.Value, stacks.Project+":")
			if path == "" && strings.Contains(name, ":") {
				continue
			}
			below := strings.TrimPrefix(path+"."+name, ".")
			if text := about(below); text != "" && f.above(key.Line-1) == key.Line-1 && key.LineComment == "" && value.LineComment == "" {
				before[key.Line-1] = comment(text, key.Column-1)
			}
			if inLines(value) {
				walk(value, below)
			}
		}
	}
	walk(f.config(), "")
	var lines []string
	for number, line := range f.lines {
		lines = append(append(lines, before[number]...), line)
	}
	return Parse(strings.Join(lines, ""))
}

func comment(text string, column int) []string {
	begin := strings.Repeat(" ", column) + "# "
	folded := fold.Words(text, commentWidth-len(begin))
	var lines []string
	for line := range strings.SplitSeq(folded, "\n") {
		lines = append(lines, strings.TrimRight(begin+strings.TrimSpace(line), " ")+"\n")
	}
	return lines
}

// Head returns the file with lines in the place of the comments at its beginning.
func (f *File) Head(lines ...string) (*File, error) {
	end := 0
	for end < len(f.lines) && strings.HasPrefix(f.lines[end], "#") {
		end++
	}
	return f.with(0, end, terminated(lines)...)
}

// Opening are the comments at the beginning of the file, without the line for editors.
func (f *File) Opening() []string {
	var lines []string
	for _, line := range f.lines {
		if !strings.HasPrefix(line, "#") {
			break
		}
		if !strings.Contains(line, "yaml-language-server:") {
			lines = append(lines, strings.TrimRight(line, "\r\n"))
		}
	}
	return lines
}

// Foot returns the file with lines behind the configuration, at the column of its keys.
func (f *File) Foot(lines ...string) (*File, error) {
	config := f.config()
	last := len(config.Content) - 2
	_, end := f.extent(config.Content[last], config.Content[last+1])
	begin := strings.Repeat(" ", config.Content[0].Column-1)
	var indented []string
	for _, line := range lines {
		indented = append(indented, begin+line)
	}
	return f.with(end, end, terminated(indented)...)
}

// WithoutTop returns the file without keys that stand beside config, such as encryptionsalt.
func (f *File) WithoutTop(names ...string) (*File, error) {
	top := f.root.Content[0]
	for i := 0; i+1 < len(top.Content); i += 2 {
		if slices.Contains(names, top.Content[i].Value) {
			from, to := f.extent(top.Content[i], top.Content[i+1])
			next, err := f.with(f.above(from), to)
			if err != nil {
				return nil, err
			}
			return next.WithoutTop(names...)
		}
	}
	return f, nil
}

func terminated(lines []string) []string {
	var ended []string
	for _, line := range lines {
		ended = append(ended, line+"\n")
	}
	return ended
}

// WithoutComment returns the file without the comment that a line begins, up to the next line that is none.
func (f *File) WithoutComment(first string) (*File, error) {
	at := slices.IndexFunc(f.lines, func(line string) bool { return strings.TrimSpace(line) == first })
	if at < 0 {
		return f, nil
	}
	end := at + 1
	for end < len(f.lines) && strings.HasPrefix(strings.TrimSpace(f.lines[end]), "#") {
		end++
	}
	return f.with(at, end)
}
