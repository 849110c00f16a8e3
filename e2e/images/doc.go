// Package images makes the images of the end-to-end tests' pods from programs of this machine, and serves them to containerd: what a
// Pod names is pulled, whatever its tag is, and no image comes from elsewhere. The programs that are built for them are in its folders.
package images
