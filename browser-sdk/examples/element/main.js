import "@sautikit/browser/element";
