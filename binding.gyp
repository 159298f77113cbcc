# For tooling that knows only node-gyp: the build itself is CMake's. See CMakeLists.txt and src/install.
{
  "targets": [
    {
      "target_name": "tagformer",
      "type": "none",
      "actions": [
        {
          "action_name": "setup",
          "inputs": ["CMakeLists.txt"],
          "outputs": ["<(PRODUCT_DIR)/tagformer-setup"],
          "action": ["node", "dist/cli/main.js", "setup"],
        }
      ],
    }
  ]
}
