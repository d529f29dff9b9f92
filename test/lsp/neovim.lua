-- What a user of Neovim does: opens a file, puts the cursor on a function, asks for code actions and takes one.
-- Arguments come as environment variables; the answers go to a file as JSON.
local report = { messages = {} }

local function finish(status)
  report.status = status
  local out = io.open(os.getenv("REPORT"), "w")
  out:write(vim.json.encode(report))
  out:close()
  vim.cmd(status == "done" and "qall!" or "cquit!")
end

local function attempt(work)
  local ok, message = pcall(work)
  if not ok then
    report.error = tostring(message)
    finish("failed")
  end
end

local is_ready = false

attempt(function()
  vim.cmd("edit " .. vim.fn.fnameescape(os.getenv("FILE")))
  local buffer = vim.api.nvim_get_current_buf()
  local client = vim.lsp.start_client({
    name = "hpy-migrate",
    cmd = vim.json.decode(os.getenv("SERVER")),
    root_dir = os.getenv("FOLDER"),
    workspace_folders = { { uri = vim.uri_from_fname(os.getenv("FOLDER")), name = "fixture" } },
    handlers = {
      ["hpyMigrate/status"] = function(_, params)
        is_ready = #params.folders > 0 and params.folders[1].state == "ready"
      end,
      ["hpyMigrate/planChanged"] = function() end,
      ["window/showMessage"] = function(_, params)
        table.insert(report.messages, params.message)
      end,
    },
  })
  vim.lsp.buf_attach_client(buffer, client)
  assert(vim.wait(60000, function() return is_ready end), "there was no plan")
  assert(vim.wait(60000, function() return #vim.diagnostic.get(buffer) > 0 end), "there were no diagnostics")
  report.diagnostics = vim.tbl_map(function(one)
    return { line = one.lnum, code = one.code, message = one.message, severity = one.severity }
  end, vim.diagnostic.get(buffer))

  vim.fn.cursor(tonumber(os.getenv("LINE")), 1)
  local hover = vim.lsp.buf_request_sync(buffer, "textDocument/hover", vim.lsp.util.make_position_params(), 10000)
  report.hover = hover and hover[client] and hover[client].result and hover[client].result.contents.value or ""

  local wanted = os.getenv("ACTION")
  local before = vim.api.nvim_buf_get_changedtick(buffer)
  vim.ui.select = function(items, _, choose)
    report.actions = vim.tbl_map(function(item) return item[2].title end, items)
    for index, item in ipairs(items) do
      if item[2].title:find(wanted, 1, true) then
        choose(item, index)
        return
      end
    end
  end
  vim.lsp.buf.code_action()
  assert(
    vim.wait(60000, function() return vim.api.nvim_buf_get_changedtick(buffer) ~= before end),
    "the action changed nothing"
  )
  -- An edit of several files has come through when the last of them has.
  vim.wait(200)
  report.lines = vim.api.nvim_buf_get_lines(buffer, 0, -1, false)
  vim.cmd("wall")
  vim.lsp.stop_client(client)
  vim.wait(5000, function() return #vim.lsp.get_active_clients() == 0 end)
  finish("done")
end)
