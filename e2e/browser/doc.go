// Package browser looks at the pages and diagrams of bifrostctl with a real browser: Chromium draws them, axe-core judges how they can be
// read, and Mermaid itself reads the diagrams. `make browser` writes what is looked at, of every stack, into the folder that PAGES names.
package browser
