package images

import (
	"errors"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"bifrost/stacks"
)

// indent is that of the stack files of this repository, and of what Pulumi writes.
const indent = 2

// edit writes an image into the text: over the value that is there, as the first line of the object that is there, or with the objects that
// are missing at the end of the configuration.
func (f *File) edit(key, value string) (string, error) {
	refresher, images := f.find("refresher"), f.find("refresher", "images")
	for _, object := range []*yaml.Node{f.config(), refresher, images} {
		if object != nil && object.Style&yaml.FlowStyle != 0 && len(object.Content) > 0 {
			return "", errors.New("an object above the image is written in braces")
		}
	}
	if now := f.find("refresher", "images", key); now != nil {
		return f.replaced(now, value)
	}
	missing := []string{stacks.Project + ":refresher:", "images:", key + ": " + value}
	column := f.config().Content[0].Column - 1
	switch {
	case filled(images):
		return f.inserted(images.Content[0].Line-1, images.Content[0].Column-1, missing[2:]), nil
	case images == nil && filled(refresher):
		return f.inserted(refresher.Content[0].Line-1, refresher.Content[0].Column-1, missing[1:]), nil
	case refresher == nil:
		return f.inserted(f.end(), column, missing), nil
	}
	return "", errors.New("refresher or refresher.images is there, and empty")
}

func filled(object *yaml.Node) bool { return object != nil && len(object.Content) > 0 }

// inserted is the text with lines before a line, each one level below the one before. A comment right above the line stays with it.
func (f *File) inserted(line, column int, lines []string) string {
	for line > 0 && strings.HasPrefix(strings.TrimSpace(f.lines[line-1]), "#") {
		line--
	}
	var added []string
	for depth, text := range lines {
		added = append(added, strings.Repeat(" ", column+depth*indent)+text+"\n")
	}
	return strings.Join(slices.Insert(slices.Clone(f.lines), line, added...), "")
}

// end is the line behind the configuration.
func (f *File) end() int {
	top := f.root.Content[0].Content
	for i := 0; i+2 < len(top); i += 2 {
		if top[i].Value == "config" {
			return top[i+2].Line - 1
		}
	}
	return len(f.lines)
}

// replaced is the text with another value in place of a scalar. A comment behind it stays.
func (f *File) replaced(now *yaml.Node, value string) (string, error) {
	lines := slices.Clone(f.lines)
	line := lines[now.Line-1]
	before, rest := line[:now.Column-1], line[now.Column-1:]
	written := map[yaml.Style]string{0: now.Value, yaml.DoubleQuotedStyle: `"` + now.Value + `"`, yaml.SingleQuotedStyle: "'" + now.Value +
		"'"}
	after, found := strings.CutPrefix(rest, written[now.Style])
	if !found || written[now.Style] == "" {
		return "", errors.New("the image is not written plainly on one line")
	}
	lines[now.Line-1] = before + value + after
	return strings.Join(lines, ""), nil
}
