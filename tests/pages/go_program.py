"""One Go program of the three parts that the page about client-go shows, which share a client and a config map."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from tests.pages.befores import befores
from tests.pages.programs import ROOT

__all__ = ["written"]

_MODULE: Final = ROOT / "tests" / "torture" / "goclient"
"""A module that needs client-go in one version."""

_HEAD: Final = """
package main

import (
	"context"
	"fmt"
	"os"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	ctx := context.Background()
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	check(err)
	clientset, err := kubernetes.NewForConfig(config)
	check(err)
"""

_CREATE: Final = """
	_, err = configMaps.Create(ctx, &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: "paint"},
		Data:       map[string]string{"color": "red", "size": "9"},
	}, metav1.CreateOptions{})
	check(err)
"""


def written(folder: Path) -> Path:
    """Write the program and its module into a folder, and return the folder."""
    parts = {before.title: before.code for before in befores("go")}
    for name in ("go.mod", "go.sum"):
        shutil.copy(_MODULE / name, folder)
    body = [parts["List"], _CREATE, parts["Watch"], _CREATE, parts["Patch"]]
    (folder / "main.go").write_text(_HEAD.lstrip() + "\tcheck(err)\n".join(body) + "\tcheck(err)\n}\n")
    return folder
